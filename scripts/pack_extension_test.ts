import { assert, assertEquals } from "@std/assert";
import { unzipSync } from "fflate";
import { tempDir } from "../shared/testing/fakes.ts";
import { packExtension } from "./pack_extension.ts";

Deno.test("packExtension() packs what the manifest and the pages name, and no test", async () => {
  await using folder = await tempDir();
  const path = await packExtension(folder.path);
  const files = unzipSync(await Deno.readFile(path));
  const names = Object.keys(files);
  assert(names.includes("manifest.json"));
  assertEquals(names.filter((it) => it.endsWith("_test.ts")), []);
  const text = (name: string) => new TextDecoder().decode(files[name]);
  for (const name of names.filter((it) => /\.(html|js)$/.test(it))) {
    for (
      const [, target] of text(name).matchAll(
        /(?:src=|href=|from )"(?:\.\/)?([\w.]+)"/g,
      )
    ) {
      assert(names.includes(target ?? ""), `${name} names ${target}`);
    }
  }
});

Deno.test("packExtension() makes the same bytes each time", async () => {
  await using folder = await tempDir();
  const first = await Deno.readFile(await packExtension(folder.join("a")));
  const second = await Deno.readFile(await packExtension(folder.join("b")));
  assertEquals(first, second);
});
