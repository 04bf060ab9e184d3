import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { tempDir } from "../../../shared/testing/fakes.ts";

const FOLDER = fromFileUrl(new URL("./", import.meta.url));
const ROOT = fromFileUrl(new URL("../../../", import.meta.url));

interface Config {
  readonly links: readonly string[];
  readonly compilerOptions: { readonly types: readonly string[] };
}

async function readConfig(folder: string): Promise<Config> {
  return JSON.parse(await Deno.readTextFile(`${folder}deno.json`));
}

/** Checks scripts by their JSDoc types: the extension's settings, the house's packages. */
async function typeCheck(...scripts: string[]): Promise<string> {
  await using dir = await tempDir();
  const root = await readConfig(ROOT);
  const { compilerOptions } = await readConfig(FOLDER);
  const config = {
    ...root,
    links: root.links.map((it) => ROOT + it),
    compilerOptions: {
      ...compilerOptions,
      types: compilerOptions.types.map((it) => FOLDER + it),
    },
  };
  await Deno.writeTextFile(dir.join("deno.json"), JSON.stringify(config));
  await Deno.copyFile(`${ROOT}deno.lock`, dir.join("deno.lock"));
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", `--config=${dir.join("deno.json")}`, ...scripts],
    env: { NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stderr);
}

Deno.test("The extension says and reads only what the contract has", async () => {
  const scripts = Array.from(Deno.readDirSync(FOLDER), (it) => it.name)
    .filter((it) => it.endsWith(".js"));
  assertEquals(await typeCheck(...scripts.map((it) => FOLDER + it)), "");
});

Deno.test("The extension's check refuses a message that the contract has not", async () => {
  await using dir = await tempDir();
  const file = dir.join("wrong.js");
  const lines = [
    "/** @type {Send} */",
    "const send = () => true;",
    'send({ type: "tabs", tabs: [{ id: "1", url: "" }] });',
    'send({ type: "cookies" });',
    "/** @type {ApiRequest} */",
    'const request = JSON.parse("{}");',
    "request.cookies;",
  ];
  await Deno.writeTextFile(file, lines.join("\n"));
  const said = await typeCheck(file);
  for (const line of [3, 4, 7]) {
    assertStringIncludes(said, `wrong.js:${line}:`);
  }
  assertStringIncludes(said, "Found 3 errors");
});
