import { assert, assertEquals } from "@std/assert";
import { call } from "../testing/http.ts";
import { testNode } from "./testing/test_node.ts";

Deno.test("each command of README.md works for a new owner, in its order", async () => {
  await using node = await testNode();
  const here = ["--prefix", node.prefix, "--listen", node.conductor];
  const page = await Deno.readTextFile(new URL("README.md", import.meta.url));
  const lines = page.match(/^\.\/scripts\/runtime\/.*$/gm) ?? [];
  assert(lines.length > 5);
  for (const line of lines) {
    const [path = "", ...args] = line.split(" ");
    const script = path.replace(/^.*\/|\.sh$/g, "");
    const backup = args.at(-1)?.endsWith("<file>")
      ? (await call(`${node.conductor}/v1/system/backup`, {})).data.path
      : undefined;
    const ran = await node.run(
      script,
      ...(backup === undefined ? args : [...args.slice(0, -1), backup]),
      ...(script === "install-mini" ? here : []),
    );
    assertEquals(ran.code, 0, `${line}\n${ran.stdout}\n${ran.stderr}`);
  }
});
