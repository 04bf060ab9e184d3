import { assert, assertEquals } from "@std/assert";
import { tempDir } from "../shared/testing/fakes.ts";
import {
  endlessSleep,
  processesWith,
  runs,
} from "../shared/testing/processes.ts";
import { until } from "../shared/testing/until.ts";
import { TestDaemon } from "./testing/run_daemon.ts";
import { program, searchPath } from "./testing/search_path.ts";
import { variantOptions, VARIANTS } from "./testing/variants.ts";

function scoped(root: string, shell = "/bin/sh"): string[] {
  return [
    `--allow-run=${shell}`,
    `--allow-read=${root}`,
    `--allow-write=${root}`,
  ];
}

Deno.test("host operations work under the permissions of the installed daemon", async () => {
  await using dir = await tempDir();
  await using daemon = await TestDaemon.start(scoped(dir.path), {
    staging: dir.join("staging"),
  });
  const exec = await daemon.do({
    operation: "exec",
    input: { command: "sleep 60 & pwd", cwd: dir.path },
  });
  assert(exec.ok && exec.operation === "exec");
  assertEquals(exec.result.stdout, `${dir.path}\n`);

  // the roots bind the files, not where a command runs
  const elsewhere = await daemon.do({
    operation: "exec",
    input: { command: "pwd", cwd: "/usr" },
  });
  assert(elsewhere.ok && elsewhere.operation === "exec");
  assertEquals(elsewhere.result.stdout, "/usr\n");

  const path = dir.join("a/b.txt");
  for (const overwrite of [false, true]) {
    const write = await daemon.do({
      operation: "files/write",
      input: { path, content: `overwrite ${overwrite}`, overwrite },
    });
    assert(write.ok && write.operation === "files/write");
    assertEquals(write.result.created, !overwrite);
  }
  const again = await daemon.do({
    operation: "files/write",
    input: { path, content: "no", overwrite: false },
  });
  assert(!again.ok);
  assertEquals(again.error.code, "FILE_ALREADY_EXISTS");
  const read = await daemon.do({ operation: "files/read", input: { path } });
  assert(read.ok && read.operation === "files/read");
  assertEquals(read.result.content, "overwrite true");
});

Deno.test("host operations say PERMISSION_DENIED where a permission is missing", async () => {
  await using dir = await tempDir();
  await using outside = await tempDir();
  const secret = outside.join("secret");
  await Deno.writeTextFile(secret, "secret");
  await Deno.symlink(secret, dir.join("link"));
  await using daemon = await TestDaemon.start([
    `--allow-read=${dir.path}`,
    `--allow-write=${dir.path}`,
  ], { staging: dir.join("staging") });
  for (const path of [secret, dir.join("link"), "/etc/passwd", "/nowhere/x"]) {
    for (const operation of ["files/read", "files/write"] as const) {
      const outcome = await daemon.do({
        operation,
        input: operation === "files/read" ? { path } : { path, content: "x" },
      });
      assert(!outcome.ok, path);
      assertEquals(outcome.error.code, "PERMISSION_DENIED", path);
      assertEquals(outcome.result, { absolutePath: path, encoding: "utf8" });
    }
  }
  assertEquals(await Deno.readTextFile(secret), "secret");
  const exec = await daemon.do({
    operation: "exec",
    input: { command: "true" },
  });
  assert(!exec.ok);
  assertEquals(exec.error.code, "PERMISSION_DENIED");
  const write = await daemon.do({
    operation: "files/write",
    input: { path: dir.join("x"), content: "still here" },
  });
  assert(write.ok);
});

for (const variant of VARIANTS) {
  Deno.test(`a killed daemon leaves no command behind, whenever it is killed (${variant.name})`, async () => {
    await using dir = await tempDir();
    const options = await variantOptions(variant, dir);
    const flags = scoped(dir.path, options.shell);
    for (let round = 0; round < 12; round++) {
      const sleep = endlessSleep();
      const daemon = await TestDaemon.start(flags, {
        ...options,
        warmShells: round % 3,
      });
      await using _ = daemon;
      for (let i = 0; i < 4; i++) {
        await daemon.ask({
          operation: "exec",
          input: { command: `trap '' TERM; ${sleep} & ${sleep}` },
        });
      }
      // from the very start of the spawns to well after them
      await new Promise((resolve) => setTimeout(resolve, round * 2));
      await daemon.kill();
      await until(async () => (await processesWith(sleep)).length === 0);
    }
  });

  Deno.test(`a daemon whose reaper was killed before leaves no command behind (${variant.name})`, async () => {
    await using dir = await tempDir();
    const options = await variantOptions(variant, dir);
    const flags = scoped(dir.path, options.shell);
    await using daemon = await TestDaemon.start(flags, { ...options });
    const sleep = endlessSleep();
    const first = await daemon.do({
      operation: "exec",
      input: { command: "true" },
    });
    await daemon.ask({ operation: "exec", input: { command: sleep } });
    await until(() => runs(sleep));
    Deno.kill(first.reaperId ?? 0, "SIGKILL");
    await until(async () => {
      const next = await daemon.do({
        operation: "exec",
        input: { command: "true" },
      });
      return next.reaperId !== undefined && next.reaperId !== first.reaperId;
    });
    await daemon.kill();
    await until(async () => (await processesWith(sleep)).length === 0);
  });
}

Deno.test({
  name:
    "a daemon killed before its shells lead groups, or while they wait, leaves none",
  ignore: Deno.build.os !== "linux", // the slow program stands in for setsid
  async fn() {
    await using dir = await tempDir();
    const shell = dir.join("sh");
    await Deno.symlink("/bin/sh", shell);
    const setsid = dir.join("slow-setsid");
    const [began, slow] = [dir.join("began"), dir.join("slow")];
    const real = await program("setsid");
    await Deno.writeTextFile(
      setsid,
      `#!/bin/sh
[ ! -e ${slow} ] || { echo >>${began}; until [ -e ${
        dir.join("go")
      } ]; do sleep 0.01; done; }
exec ${real} "$@"
`,
      { mode: 0o700 },
    );
    const PATH = await searchPath(dir.join("path"), {
      setsid,
      sleep: await program("sleep"),
    });
    const start = () =>
      TestDaemon.start([
        `--allow-run=${shell}`,
        `--allow-read=${dir.path}`,
        `--allow-write=${dir.path}`,
      ], { shell, environment: { PATH } });
    const ours = () => processesWith(shell);

    await using waiting = await start();
    assertEquals((await processesWith(`${shell} -c baa_nl=`)).length, 2);
    await waiting.kill();
    await until(async () => (await ours()).length === 0);

    await using starting = await start();
    await Deno.writeTextFile(began, "");
    await Deno.writeTextFile(slow, "");
    for (let i = 0; i < 4; i++) {
      const command = `echo ran >>${dir.join("ran")}`;
      await starting.ask({
        operation: "exec",
        input: { command, env: { PS4: "" } },
      });
    }
    await until(async () => (await Deno.stat(began)).size >= 4, Boolean);
    await starting.kill();
    await Deno.writeTextFile(dir.join("go"), "");
    await until(async () => (await ours()).length === 0);
    assertEquals(
      [...Deno.readDirSync(dir.path)].some((it) => it.name === "ran"),
      false,
    );
  },
});
