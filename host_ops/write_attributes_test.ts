import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "@std/path";
import { type TempDir, tempDir } from "../shared/testing/fakes.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";
import { TestDaemon } from "./testing/run_daemon.ts";

const isLinux = Deno.build.os === "linux";
const isRoot = Deno.uid() === 0;

/** A filesystem of its own, which Linux has. */
const OTHER_DEVICE = "/dev/shm";

async function isInstalled(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", `command -v ${program}`],
    stdout: "null",
  }).output();
  return success;
}

async function run(program: string, ...args: string[]): Promise<string> {
  const command = new Deno.Command(program, { args });
  const { success, stdout, stderr } = await command.output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Replaces the content of a file that is there, from a staging folder. */
async function replaceIn(dir: TempDir, staging: string): Promise<void> {
  await using ops = testHostOps({ staging, writeRoots: [dir.path] });
  // the second time it is known how to get there
  for (const content of ["new", "newer"]) {
    const outcome = await ops.writeTextFile(
      { path: dir.join("file"), content },
      CALLER,
    );
    assert(outcome.ok, JSON.stringify(outcome));
    assertEquals(outcome.result.atomic, true);
    assertEquals(await Deno.readTextFile(dir.join("file")), content);
  }
  const names = Array.from(Deno.readDirSync(dir.path), (it) => it.name);
  assertEquals(names.filter((it) => it.startsWith(".")), []);
}

/** Staging on the file's own device and on another one. */
async function stagings(dir: TempDir): Promise<string[]> {
  const own = dir.join("staging");
  const { dev } = await Deno.stat(dir.path);
  const other = await Deno.stat(OTHER_DEVICE).catch(() => undefined);
  return other === undefined || other.dev === dev
    ? [own]
    : [own, `${OTHER_DEVICE}/baa-${crypto.randomUUID()}`];
}

Deno.test({
  name:
    "writeTextFile() keeps extended attributes, wherever it completes the file",
  ignore: !isLinux || !await isInstalled("setfattr"),
  fn: async () => {
    await using dir = await tempDir();
    const path = dir.join("file");
    for (const staging of await stagings(dir)) {
      await Deno.writeTextFile(path, "old");
      await run("setfattr", "-n", "user.origin", "-v", "here", path);
      await replaceIn(dir, staging);
      const kept = await run("getfattr", "--absolute-names", "-d", path);
      assertStringIncludes(kept, 'user.origin="here"', staging);
    }
  },
});

Deno.test({
  name:
    "writeTextFile() keeps an access control list, wherever it completes the file",
  ignore: !isLinux || !await isInstalled("setfacl"),
  fn: async () => {
    await using dir = await tempDir();
    const path = dir.join("file");
    for (const staging of await stagings(dir)) {
      await Deno.writeTextFile(path, "old");
      await Deno.chmod(path, 0o600);
      await run("setfacl", "-m", "u:65534:rw", path);
      const before = await run("getfacl", "-cp", path);
      await replaceIn(dir, staging);
      assertEquals(await run("getfacl", "-cp", path), before, staging);
    }
  },
});

Deno.test({
  name:
    "writeTextFile() keeps mode, owner and group, wherever it completes the file",
  ignore: !isRoot,
  fn: async () => {
    await using dir = await tempDir();
    const path = dir.join("file");
    for (const staging of await stagings(dir)) {
      await Deno.writeTextFile(path, "old");
      await Deno.chmod(path, 0o640);
      await Deno.chown(path, 65534, 65533);
      await replaceIn(dir, staging);
      const { mode, uid, gid } = await Deno.stat(path);
      assertEquals([mode, uid, gid], [0o100640, 65534, 65533], staging);
    }
  },
});

Deno.test("writeTextFile() makes files on another device, and replaces none", async () => {
  await using dir = await tempDir();
  for (const staging of await stagings(dir)) {
    for (const writeRoots of [undefined, [dir.path]]) {
      await using ops = testHostOps({ staging, writeRoots });
      const path = dir.join(`new ${crypto.randomUUID()}\n`, "it's");
      const input = { path, content: "first", overwrite: false };
      const made = await ops.writeTextFile(input, CALLER);
      assert(made.ok, JSON.stringify(made));
      assertEquals(made.result.created, true);
      const again = await ops.writeTextFile(input, CALLER);
      assertEquals(!again.ok && again.error.code, "FILE_ALREADY_EXISTS");
      assertEquals(await Deno.readTextFile(path), "first");
      const names = Array.from(
        Deno.readDirSync(dirname(path)),
        (it) => it.name,
      );
      assertEquals(names, ["it's"]);
    }
  }
});

Deno.test({
  name:
    "writeTextFile() writes in place where it cannot give the owner, and says so",
  ignore: !isRoot || !isLinux || !await isInstalled("setpriv"),
  fn: async () => {
    await using dir = await tempDir();
    const path = dir.join("file");
    await Deno.writeTextFile(path, "old and longer");
    await Deno.chown(path, 65534, 65534);
    await Deno.chmod(path, 0o660);
    const { ino } = await Deno.stat(path);
    await using daemon = await TestDaemon.start(["-A"], {
      staging: dir.join("staging"),
      under: ["setpriv", "--bounding-set=-chown"],
    });
    const outcome = await daemon.do({
      operation: "files/write",
      input: { path, content: "new" },
    });
    assert(
      outcome.ok && outcome.operation === "files/write",
      JSON.stringify(outcome),
    );
    assertEquals(outcome.result.atomic, false);
    const { mode, uid, gid, ...now } = await Deno.stat(path);
    assertEquals(
      [now.ino, mode, uid, gid],
      [ino, 0o100660, 65534, 65534],
    );
    assertEquals(await Deno.readTextFile(path), "new");
  },
});

Deno.test({
  name:
    "writeTextFile() leaves the old content where there is no room to write in place",
  ignore: !isRoot || !isLinux,
  fn: async () => {
    await using dir = await tempDir();
    const mounted = dir.join("full");
    await Deno.mkdir(mounted);
    await run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mounted);
    try {
      const path = `${mounted}/file`;
      await Deno.writeTextFile(path, "old");
      await Deno.link(path, `${mounted}/further`);
      await using ops = testHostOps({ staging: dir.join("staging") });
      const content = "x".repeat(100_000);
      const outcome = await ops.writeTextFile({ path, content }, CALLER);
      assert(!outcome.ok);
      assertEquals(outcome.error.code, "FILE_WRITE_FAILED");
      assertEquals(outcome.error.details, { systemCode: "ENOSPC" });
      assertEquals(outcome.error.retryable, true);
      assertEquals(await Deno.readTextFile(path), "old");
      // and one that would be replaced, from another device
      await Deno.remove(`${mounted}/further`);
      const replaced = await ops.writeTextFile({ path, content }, CALLER);
      assert(!replaced.ok);
      assertEquals(replaced.error.details, { systemCode: "ENOSPC" });
      assertEquals(replaced.error.retryable, true);
      assertEquals(await Deno.readTextFile(path), "old");
      const names = Array.from(Deno.readDirSync(mounted), (it) => it.name);
      assertEquals(names, ["file"]);
    } finally {
      await run("umount", mounted);
    }
  },
});
