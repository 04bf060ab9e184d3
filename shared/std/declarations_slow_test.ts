import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { tempDir } from "../testing/fakes.ts";

const REPOSITORY = fromFileUrl(new URL("../../", import.meta.url));

/** What the real packages refuse; a stand-in that took it would be looser. */
const TOO_LOOSE = [
  'db.prepare("").iter<{ a: 1 }>();',
  'db.prepare("").value()?.[0].length;',
  'db.prepare("").get(new Map<object, object>());',
  "db.transaction((n: number) => n).immediate();",
  "db.transaction(() => 1).immediate() === '';",
  "STATUS_TEXT[status];",
  "STATUS_TEXT[499];",
  'accepts(new Request("http://x"), 1);',
  "eTag(new Date());",
  'isAbsolute(new URL("file:///"));',
  'exists("a", { isLink: true });',
  'assertEquals<number>(1, "1");',
];

/** Checks types as the compiler would before it runs anything. */
async function typeCheck(...args: string[]): Promise<string> {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...args],
    cwd: REPOSITORY,
    env: { NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stderr);
}

Deno.test("The product keeps to what the real packages declare", async () => {
  const scripts = Array.from(Deno.readDirSync(`${REPOSITORY}scripts`))
    .filter((it) => it.name.endsWith(".ts"))
    .map((it) => `scripts/${it.name}`);
  assertEquals(
    await typeCheck("conductor/main.ts", "codexd/main.ts", ...scripts),
    "",
  );
});

Deno.test("The stand-ins refuse what the real packages refuse", async () => {
  await using dir = await tempDir();
  const file = dir.join("loose.ts");
  const head = [
    'import { Database } from "@db/sqlite";',
    'import { assertEquals } from "@std/assert";',
    'import { exists } from "@std/fs";',
    'import { accepts, eTag, STATUS_TEXT } from "@std/http";',
    'import { isAbsolute } from "@std/path";',
    'const db = new Database(":memory:");',
    "const status: number = 404;",
  ];
  await Deno.writeTextFile(file, [...head, ...TOO_LOOSE].join("\n"));
  const said = await typeCheck("--config=deno.json", file);
  for (const [index, line] of TOO_LOOSE.entries()) {
    assertStringIncludes(said, `loose.ts:${head.length + 1 + index}:`, line);
  }
  assertStringIncludes(said, `Found ${TOO_LOOSE.length} errors`);
});
