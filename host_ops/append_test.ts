import { assert, assertEquals } from "@std/assert";
import { sha256Hex } from "../shared/digest.ts";
import { tempDir } from "../shared/testing/fakes.ts";
import type { HostOps } from "./mod.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";
import { TestDaemon } from "./testing/run_daemon.ts";

async function append(ops: HostOps, input: Readonly<Record<string, unknown>>) {
  return await ops.writeTextFile({ append: true, ...input }, CALLER);
}

Deno.test("writeTextFile() appends in place, by whichever name, and makes what is missing", async () => {
  await using dir = await tempDir();
  for (const writeRoots of [undefined, [dir.path]]) {
    await using ops = testHostOps({ staging: dir.join("staging"), writeRoots });
    const path = dir.join(`folder ${writeRoots}`, "log");
    const made = await append(ops, { path, content: "é1\n" });
    assert(made.ok, JSON.stringify(made));
    assertEquals([made.result.created, made.result.atomic], [true, true]);
    await Deno.link(path, dir.join(`name ${writeRoots?.length}`));
    await Deno.chmod(path, 0o6755);
    const { ino } = await Deno.stat(path);
    for (const name of [path, dir.join(`name ${writeRoots?.length}`)]) {
      const added = await append(ops, {
        path: name,
        content: "Mgo=",
        encoding: "base64",
      });
      assert(added.ok, JSON.stringify(added));
      const { created, atomic, bytesWritten, sha256 } = added.result;
      assertEquals([created, atomic, bytesWritten], [false, false, 2]);
      assertEquals(sha256, sha256Hex(await Deno.readFile(path)));
    }
    assertEquals(await Deno.readTextFile(path), "é1\n2\n2\n");
    const now = await Deno.stat(path);
    assertEquals([now.ino, now.mode], [ino, 0o100755]);
  }
});

Deno.test("writeTextFile() appends with ifMatch only to what nobody has changed since", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps({ staging: dir.join("staging") });
  const path = dir.join("log");
  const missing = await append(ops, {
    path,
    content: "x",
    ifMatch: "0".repeat(64),
  });
  assertEquals(!missing.ok && missing.error.code, "FILE_CHANGED");
  await Deno.writeTextFile(path, "1");
  const outcomes = await Promise.all(
    Array.from(
      { length: 10 },
      (_, i) => append(ops, { path, content: `${i}`, ifMatch: sha256Hex("1") }),
    ),
  );
  assertEquals(outcomes.filter((it) => it.ok).length, 1);
  assertEquals((await Deno.readTextFile(path)).length, 2);
  const refused = await append(ops, { path, content: "x", overwrite: false });
  assertEquals(!refused.ok && refused.error.code, "INVALID_INPUT");
});

Deno.test("writeTextFile() appends whole, whoever appends to the same file meanwhile", async () => {
  await using dir = await tempDir();
  const path = dir.join("log");
  await Promise.all(Array.from({ length: 2 }, async (_, writer) => {
    await using daemon = await TestDaemon.start(["-A"], {
      staging: dir.join(`staging-${writer}`),
    });
    for (let i = 0; i < 40; i++) {
      const content = `${writer}:${i}`.padEnd(5_000, ".") + "\n";
      await daemon.ask({
        operation: "files/write",
        input: { path, content, append: true },
      });
    }
    for (let i = 0; i < 40; i++) assert((await daemon.answer()).ok);
  }));
  const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
  assertEquals(lines.length, 80);
  assert(lines.every((it) => /^[01]:\d+\.+$/.test(it) && it.length === 5_000));
  assertEquals(new Set(lines).size, 80);
});

Deno.test("writeTextFile() appends to files only, and within the roots", async () => {
  await using dir = await tempDir();
  const inside = dir.join("inside");
  await Deno.mkdir(inside);
  await Deno.writeTextFile(dir.join("outside"), "");
  await Deno.symlink(dir.join("outside"), `${inside}/link`);
  await new Deno.Command("mkfifo", { args: [`${inside}/fifo`] }).output();
  await using ops = testHostOps({
    staging: dir.join("staging"),
    writeRoots: [inside, "/dev"],
  });
  for (
    const [path, code] of [
      ["fifo", "NOT_A_FILE"],
      ["/dev/null", "NOT_A_FILE"],
      [".", "NOT_A_FILE"],
      ["link", "PERMISSION_DENIED"],
      ["../outside", "PERMISSION_DENIED"],
    ] as const
  ) {
    const outcome = await append(ops, { path, cwd: inside, content: "x" });
    assertEquals(!outcome.ok && outcome.error.code, code, path);
  }
  assertEquals(await Deno.readTextFile(dir.join("outside")), "");
});

Deno.test({
  name: "writeTextFile() cuts back what it could append in part only",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  fn: async () => {
    await using dir = await tempDir();
    const full = dir.join("full");
    await Deno.mkdir(full);
    const mount = async (...args: string[]) => {
      const [program = "", ...rest] = args;
      const { success } = await new Deno.Command(program, { args: rest })
        .output();
      assert(success);
    };
    await mount("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", full);
    try {
      const path = `${full}/log`;
      await Deno.writeTextFile(path, "old");
      await using ops = testHostOps({ staging: dir.join("staging") });
      const outcome = await append(ops, { path, content: "x".repeat(99_999) });
      assert(!outcome.ok);
      assertEquals(outcome.error.details, { systemCode: "ENOSPC" });
      assertEquals(outcome.error.retryable, true);
      assertEquals(await Deno.readTextFile(path), "old");
    } finally {
      await mount("umount", full);
    }
  },
});
