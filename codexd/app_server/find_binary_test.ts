import { assertEquals, assertMatch } from "@std/assert";
import { dirname } from "@std/path";
import { tempDir } from "../../shared/testing/fakes.ts";
import { findBinary } from "./find_binary.ts";

async function write(path: string, mode = 0o755): Promise<string> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, "#!/bin/sh\n");
  await Deno.chmod(path, mode);
  return path;
}

const machine = { os: "linux", arch: "x86_64" };
const NATIVE = "vendor/x86_64-unknown-linux-musl/bin/codex";

Deno.test("findBinary() takes a path as it stands", async () => {
  await using dir = await tempDir();
  const program = await write(dir.join("my-codex"));
  assertEquals(await findBinary({ wanted: program, path: "" }), { program });
});

Deno.test("findBinary() looks a name up in PATH, first folder first, and passes over what cannot run", async () => {
  await using dir = await tempDir();
  await write(dir.join("a/codex"), 0o644);
  const program = await write(dir.join("b/codex"));
  await write(dir.join("c/codex"));
  const path = ["none", "a", "b", "c"].map((it) => dir.join(it)).join(":");
  assertEquals(await findBinary({ wanted: "codex", path }), { program });
});

for (
  const [layout, folder] of [
    [
      "nested",
      "lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-x64",
    ],
    ["hoisted", "lib/node_modules/@openai/codex-linux-x64"],
    ["one package", "lib/node_modules/@openai/codex"],
  ] as const
) {
  Deno.test(`findBinary() finds the native binary behind npm's launcher when packages are ${layout}`, async () => {
    await using dir = await tempDir();
    const launcher = await write(
      dir.join("lib/node_modules/@openai/codex/bin/codex.js"),
    );
    const program = await write(dir.join(folder, NATIVE));
    await Deno.mkdir(dir.join("bin"));
    await Deno.symlink(launcher, dir.join("bin/codex"));
    assertEquals(
      await findBinary({ wanted: "codex", path: dir.join("bin"), ...machine }),
      { program },
    );
  });
}

Deno.test("findBinary() runs the launcher itself when its binary is not there", async () => {
  await using dir = await tempDir();
  const program = await write(dir.join("codex.js"));
  assertEquals(await findBinary({ wanted: program, path: "", ...machine }), {
    program,
  });
});

Deno.test("findBinary() says what is wrong and how to mend it", async () => {
  await using dir = await tempDir();
  const locked = await write(dir.join("locked"), 0o644);
  const faults = await Promise.all(
    ["codex", dir.join("none"), locked, dir.path].map(async (wanted) => {
      const finding = await findBinary({ wanted, path: dir.join("empty") });
      return "fault" in finding ? finding.fault : undefined;
    }),
  );
  assertEquals(faults.map((it) => it?.reason), [
    'Cannot find Codex "codex": not on PATH',
    `Cannot find Codex "${dir.join("none")}": there is no such file`,
    `Cannot run Codex "${locked}": it is not executable`,
    `Cannot run Codex "${dir.path}": it is no file`,
  ]);
  assertMatch(faults[0]?.fix ?? "", /npm install -g @openai\/codex/);
  assertEquals(faults[2]?.fix, `Run chmod +x ${locked}`);
});
