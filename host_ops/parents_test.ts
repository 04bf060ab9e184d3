import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  RecordingAudit,
  type TempDir,
  tempDir,
} from "../shared/testing/fakes.ts";
import type { HostOps, HostOpsOptions } from "./mod.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";

/**
 * `mine/link` leads to `target/deep`. Up from there by name is `mine`, as the
 * kernel goes it is `target`; either has a file `who`.
 */
async function world(): Promise<TempDir> {
  const dir = await tempDir();
  await Deno.mkdir(dir.join("mine"));
  await Deno.mkdir(dir.join("target/deep"), { recursive: true });
  await Deno.symlink(dir.join("target/deep"), dir.join("mine/link"));
  await Deno.writeTextFile(dir.join("mine/who"), "by name");
  await Deno.writeTextFile(dir.join("target/who"), "by kernel");
  return dir;
}

/** Asks the kernel itself. */
async function shell(command: string, cwd: string): Promise<string> {
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", command],
    cwd,
  }).output();
  return new TextDecoder().decode(stdout).trimEnd();
}

function opsIn(dir: TempDir, options: Partial<HostOpsOptions> = {}): HostOps {
  return testHostOps({
    cwd: dir.join("mine"),
    environment: { PATH: "/usr/bin:/bin", HOME: dir.join("mine") },
    ...options,
  });
}

for (
  const { path, cwd } of [
    { path: "link/../who", cwd: undefined },
    { path: "../who", cwd: "link" },
    { path: "who", cwd: "link/.." },
    { path: "./link/.././deep//../who", cwd: "~" },
    { path: "~/link/../who", cwd: "/" },
  ]
) {
  Deno.test(`${path} from ${cwd ?? "the default cwd"} is for reads, writes and commands what it is for the kernel`, async () => {
    await using dir = await world();
    await using ops = opsIn(dir);
    const input = { path, ...(cwd !== undefined && { cwd }) };
    assertEquals(
      await shell("cat link/../who", dir.join("mine")),
      "by kernel",
    );
    const read = await ops.readTextFile(input, CALLER);
    assert(read.ok, JSON.stringify(read));
    assertEquals(read.result.content, "by kernel");
    assertEquals(read.result.absolutePath, dir.join("target/who"));
    const write = await ops.writeTextFile(
      { ...input, content: "written" },
      CALLER,
    );
    assert(write.ok, JSON.stringify(write));
    assertEquals(write.result.absolutePath, dir.join("target/who"));
    assertEquals(await Deno.readTextFile(dir.join("mine/who")), "by name");
    assertEquals(await Deno.readTextFile(dir.join("target/who")), "written");
  });
}

Deno.test("a command runs in the folder to which its cwd leads, and its result and audit say which", async () => {
  await using dir = await world();
  const audit = new RecordingAudit();
  for (const warmShells of [0, 2]) {
    await using ops = opsIn(dir, { audit, warmShells });
    await ops.prepare();
    for (
      const [cwd, wanted] of [
        ["link/..", dir.join("target")],
        [dir.join("mine/link/../.."), dir.path],
        ["..", dir.path],
        ["~", dir.join("mine")],
        ["~/link", dir.join("target/deep")],
        ["~/link/../deep", dir.join("target/deep")],
      ] as const
    ) {
      const outcome = await ops.executeCommand({ command: "pwd", cwd }, CALLER);
      assert(outcome.ok, JSON.stringify(outcome));
      assertEquals(outcome.result.stdout, `${wanted}\n`);
      if (!cwd.includes("..")) continue;
      assertEquals(outcome.input.cwd, wanted);
      assertEquals(audit.rows.at(-1)?.intent.target.cwd, wanted);
    }
    // the shell has its own idea of what it is given
    const own = await ops.executeCommand({ command: "echo ~ ~root" }, CALLER);
    assert(own.ok);
    assertStringIncludes(String(own.result.stdout), dir.join("mine"));
  }
});

Deno.test("a way up from nothing, or from a file, leads nowhere", async () => {
  await using dir = await world();
  await using ops = opsIn(dir);
  const codeOf = (outcome: Awaited<ReturnType<HostOps["runHostOperation"]>>) =>
    outcome.ok ? "done" : outcome.error.code;
  for (
    const [up, read] of [["gone", "FILE_NOT_FOUND"], [
      "who",
      "FILE_READ_FAILED",
    ]]
  ) {
    const path = `${up}/../who`;
    assertEquals(codeOf(await ops.readTextFile({ path }, CALLER)), read);
    const write = await ops.writeTextFile({ path, content: "x" }, CALLER);
    assertEquals(codeOf(write), "FILE_WRITE_FAILED");
    const cwd = `${up}/..`;
    const exec = await ops.executeCommand({ command: "true", cwd }, CALLER);
    assertEquals(codeOf(exec), "EXEC_FAILED");
    assertStringIncludes(exec.ok ? "" : exec.error.message, cwd);
  }
  assertEquals(await Deno.readTextFile(dir.join("mine/who")), "by name");
  const names = Array.from(Deno.readDirSync(dir.join("mine")), (it) => it.name);
  assertEquals(names.sort(), ["link", "who"]);
});

Deno.test("a way up never leads out of the roots, and tells nothing of what is there", async () => {
  await using dir = await world();
  await Deno.mkdir(dir.join("mine/sub"));
  await Deno.mkdir(dir.join("target/there"));
  await Deno.symlink(dir.join("target/there/../.."), dir.join("mine/up"));
  const roots = [dir.join("mine")];
  await using ops = opsIn(dir, { readRoots: roots, writeRoots: roots });
  const answersTo = async (path: string) => {
    const read = await ops.readTextFile({ path }, CALLER);
    const write = await ops.writeTextFile({ path, content: "x" }, CALLER);
    return [read, write].map((it) =>
      it.ok
        ? it.result.absolutePath
        : `${it.error.code} ${it.error.details?.reason} ${it.result?.absolutePath}`
    );
  };
  const refused = (path: string) =>
    `PERMISSION_DENIED outside_roots ${dir.join("mine")}/${path}`;
  for (
    const path of [
      "link/../who",
      "../target/who",
      "../target/there/../../mine/who",
      "../target/gone/../../mine/who",
      "../target/who/../../mine/who",
      "link/../gone/../../mine/who",
      "up/target/there/../who",
    ]
  ) {
    const answers = await answersTo(path);
    assertEquals(answers.map((it) => it.split(" ", 2).join(" ")), [
      "PERMISSION_DENIED outside_roots",
      "PERMISSION_DENIED outside_roots",
    ], path);
    if (/there|gone|\/who\//.test(path)) {
      assertEquals(answers, [refused(path), refused(path)]);
    }
  }
  assertEquals(await answersTo("sub/../../mine/who"), [
    dir.join("mine/who"),
    dir.join("mine/who"),
  ]);
  assertEquals(await Deno.readTextFile(dir.join("target/who")), "by kernel");
});
