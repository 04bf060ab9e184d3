import { assert, assertEquals } from "@std/assert";
import { type TempDir, tempDir } from "../shared/testing/fakes.ts";
import { TestDaemon } from "./testing/run_daemon.ts";

const NOBODY = 65534;
/** A group that nobody is in, when it is asked for. */
const TEAM = 1234;
const OTHER_DEVICE = "/dev/shm";

interface Case {
  readonly what: string;
  /** Shell that prepares the file `f` in its folder, whose owner is nobody. */
  readonly prepare: string;
  /** As root, and as nobody: whether it was put in place at once, or the code. */
  readonly root: boolean | string;
  readonly nobody: boolean | string;
  /** What of the portrait differs afterwards. */
  readonly loses?: readonly [string, string];
}

const CASES: readonly Case[] = [
  { what: "a mode", prepare: "chmod 640 f", root: true, nobody: true },
  {
    what: "an access control list",
    prepare: "chmod 644 f; setfacl -m u:1000:rw f",
    root: true,
    nobody: true,
  },
  {
    what: "attributes",
    prepare: "setfattr -n user.origin -v here f; setfattr -n user.e f",
    root: true,
    nobody: true,
  },
  {
    what: "names",
    prepare: "ln f h; setfacl -m u:1000:r f; setfattr -n user.a -v b f",
    root: false,
    nobody: false,
  },
  {
    what: "an owner",
    prepare: "chown 0:1000 f; chmod 666 f",
    root: true,
    nobody: false,
  },
  {
    what: "a group that it is in",
    prepare: `chown ${NOBODY}:${TEAM} f; chmod 664 f`,
    root: true,
    nobody: true,
  },
  {
    what: "a group that it is not in",
    prepare: `chown ${NOBODY}:1000 f; chmod 660 f`,
    root: true,
    nobody: false,
  },
  {
    what: "a group in a folder that hands another down",
    prepare: `chgrp ${TEAM} .; chmod 2775 .; chgrp ${NOBODY} f; chmod 640 f`,
    root: true,
    nobody: true,
  },
  {
    what: "a file for reading only",
    prepare: "chmod 444 f",
    root: true,
    nobody: "PERMISSION_DENIED",
  },
  {
    what: "a file that may be written to in a folder that may not",
    prepare: "chown 0:0 .; chmod 755 .",
    root: true,
    nobody: false,
  },
  {
    what: "somebody's file in a folder of everybody's",
    prepare: "chown 0:0 . f; chmod 1777 .; chmod 666 f",
    root: true,
    nobody: false,
  },
  {
    what: "a file that may not be read",
    prepare: "chmod 222 f",
    root: true,
    nobody: false,
  },
  {
    what: "a set-id program",
    prepare: "chmod 6755 f",
    root: true,
    nobody: true,
    loses: ["6755", "755"],
  },
  {
    what: "a set-id program of several names",
    prepare: "ln f h; chmod 6755 f",
    root: false,
    nobody: false,
    loses: ["6755", "755"],
  },
];

async function sh(dir: TempDir, script: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-ec", script],
    cwd: dir.path,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const portrait = (dir: TempDir) =>
  sh(dir, "stat -c '%a %u:%g %h' f; getfacl -cn f; getfattr -dm- f");

async function isInstalled(program: string): Promise<boolean> {
  const command = new Deno.Command("sh", { args: ["-c", program] });
  return (await command.output()).success;
}

const ignore = Deno.build.os !== "linux" || Deno.uid() !== 0 ||
  !await isInstalled("command -v setfattr && command -v setfacl");

async function keepsAll(daemon: TestDaemon, user: "root" | "nobody") {
  for (
    const { what, prepare, loses: [from, to] = ["", ""], ...it } of CASES
  ) {
    await using dir = await tempDir();
    await sh(
      dir,
      `echo old and longer >f; chown ${NOBODY}:${NOBODY} . f; ${prepare}`,
    );
    const before = await portrait(dir);
    const outcome = await daemon.do({
      operation: "files/write",
      input: { path: dir.join("f"), content: "new" },
    });
    assert(outcome.operation === "files/write");
    const told = outcome.ok ? outcome.result.atomic : outcome.error.code;
    assertEquals(told, it[user], `${what}: ${JSON.stringify(outcome)}`);
    assertEquals(await portrait(dir), before.replace(from, to), what);
    const names = Array.from(Deno.readDirSync(dir.path), (it) => it.name);
    assert(names.every((it) => it.length === 1), `${what}: ${names}`);
    assertEquals(
      await Deno.readTextFile(dir.join("f")),
      outcome.ok ? "new" : "old and longer\n",
      what,
    );
  }
}

/** A new file has the group that its folder hands down, whoever makes it. */
async function handsDown(daemon: TestDaemon) {
  for (const group of [TEAM, 1000]) {
    await using dir = await tempDir();
    await sh(dir, `chgrp ${group} .; chmod 2777 .`);
    for (const overwrite of [true, false]) {
      const path = dir.join(`${overwrite}`);
      const outcome = await daemon.do({
        operation: "files/write",
        input: { path, content: "new", overwrite },
      });
      assert(outcome.ok, JSON.stringify(outcome));
      const { gid, mode } = await Deno.stat(path);
      assertEquals([gid, mode], [group, 0o100644]);
      assertEquals(await Deno.readTextFile(path), "new");
    }
    const names = Array.from(Deno.readDirSync(dir.path), (it) => it.name);
    assertEquals(names.sort(), ["false", "true"]);
  }
}

for (const user of ["root", "nobody"] as const) {
  for (const isNear of [true, false]) {
    const where = isNear ? "the same device" : "another device";
    Deno.test({
      name: `files keep what they had when ${user} writes, staged on ${where}`,
      ignore,
      fn: async () => {
        await using base = await tempDir();
        await Deno.chmod(base.path, 0o777);
        const staging = isNear
          ? base.join("staging")
          : `${OTHER_DEVICE}/baa-${crypto.randomUUID()}`;
        await using daemon = await TestDaemon.start(["-A"], {
          staging,
          ...(user === "nobody" &&
            { user: NOBODY, under: ["setpriv", `--groups=${TEAM}`] }),
        });
        await keepsAll(daemon, user);
        await handsDown(daemon);
      },
    });
  }
}
