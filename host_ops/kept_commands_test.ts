import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { tempDir } from "../shared/testing/fakes.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";
import type { HostOps } from "./host_ops.ts";
import { KeptLost } from "./kept_commands.ts";
import { startVariant, VARIANTS } from "./testing/variants.ts";

const NEVER = new AbortController().signal;

function keep(
  ops: HostOps,
  request: Record<string, unknown>,
  options: {
    readonly folder: string;
    readonly isTakenUp?: boolean;
    readonly leave?: AbortSignal;
    readonly signal?: AbortSignal;
    readonly maxBytes?: number;
    readonly onLook?: () => Promise<boolean>;
  },
) {
  const {
    folder,
    isTakenUp = false,
    leave = NEVER,
    signal = NEVER,
    maxBytes = 1e9,
  } = options;
  const { onLook = () => Promise.resolve(false) } = options;
  const watch = { folder, isTakenUp, leave, maxBytes, onLook };
  return ops.keepCommand(request, { ...CALLER, signal }, watch);
}

const read = (path: string) => Deno.readTextFileSync(path);

Deno.test("keepCommand() writes to files what a command prints, and tells how it ended", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  for (
    const [command, exitCode, signal] of [
      ["printf out; printf err >&2", 0, null],
      ["exit 3", 3, null],
      ["exit 143", 143, null],
      ["kill -TERM $$", null, "SIGTERM"],
      ["kill -KILL $$", null, "SIGKILL"],
      ["trap 'exit 9' TERM; kill -TERM $$", 9, null],
      ["kill -KILL 0", null, "SIGKILL"],
    ] as const
  ) {
    const folder = dir.join(crypto.randomUUID());
    const exit = await keep(ops, { command }, { folder });
    assertEquals(exit?.result?.exitCode, exitCode, command);
    assertEquals(exit?.result?.signal, signal, command);
    if (command.startsWith("printf")) {
      assertEquals(read(`${folder}/stdout`), "out");
      assertEquals(read(`${folder}/stderr`), "err");
    }
  }
});

Deno.test("keepCommand() hands on folder, variables and input, and leaves none of them about", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const folder = dir.join("run");
  const exit = await keep(ops, {
    command:
      'pwd; echo "$SECRET"; cat; umask; echo $BAA_RUN_ID$BAA_INSIDE; ps -o args= -p $$ -p $PPID; ls $0',
    cwd: dir.path,
    env: { SECRET: "it's\nsecret", PATH: "/nowhere:/bin:/usr/bin" },
    stdin: "from stdin\n",
  }, { folder });
  assertEquals(exit?.ok, true, JSON.stringify(exit));
  const [pwd, ...rest] = read(`${folder}/stdout`).split("\n");
  assertEquals(pwd, Deno.realPathSync(dir.path));
  assertEquals(
    rest.slice(0, 5),
    ["it's", "secret", "from stdin", "0022", "run1"],
  );
  const shown = rest.slice(5).join("\n");
  assertEquals(shown.includes("from stdin"), false);
  assertEquals(/it's|SECRET=/.test(shown), false, shown);
  assertEquals((Deno.statSync(folder).mode ?? 0) & 0o777, 0o700);
  for (const { name } of Deno.readDirSync(folder)) {
    const { mode } = Deno.statSync(`${folder}/${name}`);
    assertEquals((mode ?? 0) & 0o777, 0o600, name);
    assertEquals(read(`${folder}/${name}`).includes("it's"), name === "stdout");
  }
});

Deno.test("keepCommand() leaves a command alone, and takes it up again", async () => {
  await using dir = await tempDir();
  const folder = dir.join("run");
  const go = dir.join("go");
  const command =
    `echo begun; while [ ! -e ${go} ]; do sleep 0.02; done; exit 5`;
  {
    await using ops = testHostOps();
    const leave = new AbortController();
    const first = keep(ops, { command }, { folder, leave: leave.signal });
    while (!await hasText(`${folder}/stdout`, "begun")) await tick();
    leave.abort();
    assertEquals(await first, undefined);
  }
  await using ops = testHostOps();
  const again = keep(ops, { command: "echo twice" }, { folder });
  await Deno.writeTextFile(go, "");
  assertEquals((await again)?.result?.exitCode, 5);
  assertEquals(read(`${folder}/stdout`), "begun\n");
  await goneOf(folder);
  const late = await keep(ops, { command: "echo twice" }, { folder });
  assertEquals(late?.result?.exitCode, 5);
});

Deno.test("keepCommand() kills the whole group when it is stopped or prints too much", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const marker = dir.join("alive");
  const command =
    `trap '' TERM; (while :; do touch ${marker}; sleep 0.05; done) & echo up; wait`;
  const folder = dir.join("run");
  const stop = new AbortController();
  const run = keep(ops, { command }, { folder, signal: stop.signal });
  while (!await hasText(`${folder}/stdout`, "up")) await tick();
  stop.abort();
  assertEquals((await run)?.result?.signal, "SIGKILL");
  await Deno.remove(marker);
  await tick(200);
  assert(!await exists(marker), "a grandchild goes on");

  const much = await keep(ops, { command: "yes" }, {
    folder: dir.join("much"),
    maxBytes: 1e6,
  });
  assert(much !== undefined && !much.ok);
  assertEquals(much.error.code, "EXEC_OUTPUT_LIMIT");
});

/** Waits for the shell that this process has started and does not watch. */
async function goneOf(folder: string): Promise<void> {
  const [pid = ""] = read(`${folder}/who-${read(`${folder}/begun`)}`).split(
    " ",
  );
  const isThere = async () =>
    (await new Deno.Command("/bin/sh", { args: ["-c", `kill -0 ${pid}`] })
      .output()).success;
  while (await isThere()) await tick();
  await tick();
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function hasText(path: string, text: string): Promise<boolean> {
  return await Deno.readTextFile(path).then(
    (it) => it.includes(text),
    () => false,
  );
}

function tick(ms = 10): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

Deno.test("keepCommand() takes no other process for its own whose id is the same", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const stranger = new Deno.Command("/bin/sh", {
    args: ["-c", "exec sleep 60"],
    detached: true,
  }).spawn();
  const folder = dir.join("run");
  await Deno.mkdir(folder);
  for (
    const [name, text] of [
      ["stdout", ""],
      ["stderr", ""],
      ["begun", "an-id"],
      ["who-an-id", `${stranger.pid} 1@another-boot\n`],
      ["group", `${stranger.pid} 1@another-boot\n`],
    ] as const
  ) await Deno.writeTextFile(`${folder}/${name}`, text);
  await assertRejects(
    () => keep(ops, { command: "echo twice" }, { folder }),
    KeptLost,
    "Cannot tell how the command ended",
  );
  assertEquals(read(`${folder}/stdout`), "");
  Deno.kill(stranger.pid, "SIGCONT"); // it is there, and nobody killed it
  stranger.kill("SIGKILL");
  assertEquals((await stranger.status).signal, "SIGKILL");
});

Deno.test("keepCommand() tells that nobody knows the end when the keeping shell was killed, and leaves nothing running", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const folder = dir.join("run");
  const marker = dir.join("alive");
  const command = `echo up; while :; do touch ${marker}; sleep 0.05; done`;
  const run = keep(ops, { command }, { folder });
  const rejected = assertRejects(() => run, KeptLost);
  while (!await hasText(`${folder}/stdout`, "up")) await tick();
  const id = read(`${folder}/begun`);
  const [pid] = read(`${folder}/who-${id}`).split(" ");
  Deno.kill(Number(pid), "SIGKILL");
  await rejected;
  await Deno.remove(marker).catch(() => {});
  await tick(200);
  assert(!await exists(marker), "the command goes on");
});

Deno.test("A start that was cut off before it began never begins later", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const folder = dir.join("run");
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/gate-old`, "old");
  await Deno.writeTextFile(`${folder}/stdin`, "old secret");
  const exit = await keep(ops, { command: "echo once" }, { folder });
  assertEquals(exit?.ok, true);
  assertEquals(read(`${folder}/stdout`), "once\n");
  assert(!await exists(`${folder}/gate-old`));
  const missing = { command: "true", cwd: "/nowhere", stdin: "secret" };
  const failed = await keep(ops, missing, { folder: dir.join("failed") });
  assert(failed !== undefined && !failed.ok);
  assertEquals(failed.error.details?.cwd, "/nowhere");
  assertEquals(
    [...Deno.readDirSync(dir.join("failed"))].map(({ name }) => name).sort(),
    ["stderr", "stdout"],
  );
});

Deno.test({
  name:
    "keepCommand() ends and tells what has left the group for one of its own within the session",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using dir = await tempDir();
    await using ops = testHostOps();
    const folder = dir.join("run");
    const exit = await keep(ops, {
      command: "bash -c 'set -m; sleep 60 >/dev/null 2>&1 & echo $!'",
    }, { folder });
    assertEquals(exit?.result?.killedProcesses, 1);
    assertEquals([exit?.result?.truncated, exit?.ok], [true, true]);
    assertStringIncludes(exit?.hint ?? "", "detach: true");
    const pid = Number(read(`${folder}/stdout`));
    while (!isDead(pid)) await tick();
  },
});

/** Whether a process is gone, or nobody has collected it yet. */
function isDead(pid: number): boolean {
  try {
    return / [ZX] /.test(read(`/proc/${pid}/stat`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

for (const variant of VARIANTS) {
  const name =
    `keepCommand() ends the whole group and tells the code: ${variant.name}`;
  Deno.test(name, async () => {
    await using dir = await tempDir();
    await using ops = await startVariant(variant);
    const of = (command: string) =>
      keep(ops, { command }, { folder: dir.join(crypto.randomUUID()) });
    const exit = await of("sleep 60 & echo $!; exit 7");
    if (variant.name === "groups by the runtime") {
      return assertEquals(exit?.ok === false && exit.error.code, "EXEC_FAILED");
    }
    assertEquals(exit?.result?.exitCode, 7);
    assertEquals(exit?.result?.killedProcesses, 1);
    const slow = await of("sleep 0.3; exit 0");
    assert((slow?.result?.durationMs ?? 0) >= 250, "it says how long it ran");
    const quick = await of("sleep 0.2 & exit 0");
    assertEquals(quick?.result?.killedProcesses, undefined);
    assertEquals((await of("kill -KILL $$"))?.result?.signal, "SIGKILL");
    assertEquals((await of("exit 200"))?.result?.exitCode, 200);
  });
}

for (const who of ["its caller", "the command itself", "an earlier start"]) {
  Deno.test(`keepCommand() kills a command whose files are removed: started by ${who}`, async () => {
    await using dir = await tempDir();
    const folder = dir.join("run");
    const marker = dir.join("alive");
    const removal = who === "the command itself" ? `rm -rf ${folder};` : "";
    const command =
      `${removal} while :; do echo up > ${marker}; sleep 0.05; done`;
    if (who === "an earlier start") {
      await using ops = testHostOps();
      const leave = new AbortController();
      const first = keep(ops, { command }, { folder, leave: leave.signal });
      while (!await hasText(marker, "up")) await tick();
      leave.abort();
      await first;
    }
    await using ops = testHostOps();
    const watching = Promise.withResolvers<void>();
    const onLook = () => {
      watching.resolve();
      return Promise.resolve(false);
    };
    const run = keep(ops, { command }, { folder, onLook });
    const rejected = assertRejects(
      () => run,
      KeptLost,
      "its files were removed while it ran; what was left is killed",
    );
    if (removal === "") {
      await watching.promise;
      while (!await hasText(marker, "up")) await tick();
      await Deno.remove(folder, { recursive: true });
    }
    await rejected;
    await Deno.remove(marker);
    await tick(200);
    assert(!await exists(marker), "the command goes on");
  });
}

Deno.test("keepCommand() begins what was never begun, and never what may have run", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const again = { folder: dir.join("run"), isTakenUp: true };
  const marker = dir.join("ran");
  const request = { command: `echo x >>${marker}` };
  await Deno.mkdir(again.folder);
  assert((await keep(ops, request, again))?.ok);
  await Deno.remove(again.folder, { recursive: true });
  await assertRejects(
    () => keep(ops, request, again),
    KeptLost,
    "its files were removed while nobody watched it",
  );
  assertEquals(await Deno.readTextFile(marker), "x\n");
});

Deno.test("keepCommand() does not let go of a command when it cannot look for a while", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const marker = dir.join("alive");
  let looks = 0;
  const stop = new AbortController();
  const onLook = () => {
    if (++looks === 1) return Promise.resolve(false);
    stop.abort();
    return looks === 2
      ? Promise.reject(new Error("Too many open files (os error 24)"))
      : Promise.resolve(false);
  };
  const exit = await keep(
    ops,
    { command: `while :; do touch ${marker}; sleep 0.05; done` },
    { folder: dir.join("run"), signal: stop.signal, onLook },
  );
  assertEquals(exit?.result?.signal, "SIGTERM");
});
