import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Database } from "@db/sqlite";
import { basename, join } from "@std/path";
import { sha256Hex } from "../../shared/digest.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { isPossible } from "../testing/is_possible.ts";
import { until } from "../../shared/testing/until.ts";
import { call } from "../testing/http.ts";

const PAGE = 4096;

/** What may become of the files of a database, and what is then said of it. */
const DAMAGES: Readonly<
  Record<string, {
    readonly says: string;
    /** Whether the log stands beside the file, as a killed process leaves it. */
    readonly killed?: true;
    harm(path: string): void;
  }>
> = {
  truncated: {
    says: "malformed",
    harm: (path) => Deno.truncateSync(path, 20 * PAGE),
  },
  "truncated in a page": {
    says: "malformed",
    harm: (path) => Deno.truncateSync(path, 30 * PAGE - 100),
  },
  empty: { says: "is empty", harm: (path) => Deno.truncateSync(path, 0) },
  "empty beside its log": {
    says: "is empty",
    killed: true,
    harm: (path) => Deno.truncateSync(path, 0),
  },
  missing: { says: "is not there", harm: (path) => Deno.removeSync(path) },
  "header overwritten": {
    says: "not a database",
    harm: (path) => overwrite(path, { at: 0, bytes: noise(100) }),
  },
  "pages overwritten": {
    says: "damaged",
    harm: (path) => overwrite(path, { at: 10 * PAGE, bytes: noise(8 * PAGE) }),
  },
  "zeros where rows were": {
    says: "damaged",
    harm(path) {
      const { size } = Deno.statSync(path);
      overwrite(path, {
        at: size - 20 * PAGE,
        bytes: new Uint8Array(8 * PAGE),
      });
    },
  },
  "log overwritten": {
    says: "write-ahead log is damaged",
    killed: true,
    harm: (path) =>
      overwrite(`${path}-wal`, { at: 0, bytes: noise(10 * PAGE) }),
  },
  "log overwritten behind its header": {
    says: "write-ahead log is damaged",
    killed: true,
    harm: (path) =>
      overwrite(`${path}-wal`, { at: 2 * PAGE, bytes: noise(10 * PAGE) }),
  },
  "no database": {
    says: "not a database",
    harm: (path) => Deno.writeTextFileSync(path, "hello\n".repeat(2000)),
  },
  "another program's": {
    says: "another program",
    harm(path) {
      Deno.removeSync(path);
      const other = new Database(path);
      other.exec("CREATE TABLE bookmarks (url TEXT)");
      other.close();
    },
  },
  "from a newer version": {
    says: "start the newer program",
    harm(path) {
      const own = new Database(path);
      own.exec("PRAGMA user_version = 9999");
      own.close();
    },
  },
  "a folder": {
    says: "Cannot use the database",
    harm(path) {
      Deno.removeSync(path);
      Deno.mkdirSync(path);
    },
  },
};

function overwrite(
  path: string,
  { at, bytes }: { readonly at: number; readonly bytes: Uint8Array },
): void {
  using file = Deno.openSync(path, { write: true });
  file.seekSync(at, Deno.SeekMode.Start);
  file.writeSync(bytes);
}

function noise(length: number): Uint8Array {
  return new Uint8Array(length).map((_, index) => (index * 167) ^ (index >> 8));
}

/** The files of the database with what is in them. */
function contents(folder: string): readonly string[] {
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name)
    .filter((it) => it.startsWith("conductor.db") && !it.endsWith("-shm"));
  return names.sort().flatMap((name) => {
    const { isDirectory, size } = Deno.statSync(join(folder, name));
    // Who looks leaves an empty log behind.
    if (isDirectory || size === 0) return name.endsWith("-wal") ? [] : [name];
    return [`${name} ${sha256Hex(Deno.readFileSync(join(folder, name)))}`];
  });
}

/** A node that has done some work, was backed up, and has ended. */
interface UsedNode extends AsyncDisposable {
  readonly tasks: readonly string[];
  /** Makes a state folder that is a copy of its own. */
  copy(): Promise<CopiedState>;
}

interface CopiedState extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly path: string;
  readonly backup: string;
}

async function usedNode(signal: Deno.Signal): Promise<UsedNode> {
  const state = await tempDir();
  const env = { BAA_STATE_DIR: state.path };
  await using daemon = await startDaemon("conductor", env);
  const post = (path: string, body = {}) => call(daemon.origin + path, body);
  // None was made yet, so one is due.
  const { data: { backup: daily } } = await until(
    () => call(`${daemon.origin}/v1/status`),
    ({ data }) => data.backup !== null,
    { withinMs: 30_000 },
  );
  assertEquals(daily.verified, true);
  assertStringIncludes(daily.path, ".daily.db");
  await post("/v1/system/pause");
  const tasks: string[] = [];
  for (let index = 0; index < 60; index++) {
    const { data } = await post("/v1/tasks", {
      title: `task ${index}`,
      kind: "exec",
      payload: { command: `echo ${"x".repeat(2000)}` },
    });
    tasks.push(data.task_id);
  }
  const { data: backup } = await post("/v1/system/backup");
  assertEquals(backup.verified, true);
  daemon.child.kill(signal);
  await daemon.child.status;
  return {
    tasks,
    async copy() {
      const own = await tempDir();
      const args = ["-R", `${state.path}/.`, own.path];
      await new Deno.Command("cp", { args }).output();
      const folder = own.join("conductor");
      return {
        env: { BAA_STATE_DIR: own.path },
        folder,
        path: join(folder, "conductor.db"),
        backup: join(folder, "backups", basename(backup.path)),
        [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
      };
    },
    [Symbol.asyncDispose]: () => state[Symbol.asyncDispose](),
  };
}

/** Starts a conductor that need not become ready. */
function startHarmed(state: CopiedState, wrapper?: [string, ...string[]]) {
  return startDaemon("conductor", state.env, {
    probe: "/healthz",
    ...(wrapper && { wrapper }),
  });
}

/** What everybody is told by a conductor whose database is damaged. Returns the command that restores it. */
async function assertOutage(
  { origin }: RunningDaemon,
  { says, backup }: { readonly says: string; readonly backup: string | null },
): Promise<string> {
  const text = async (route: string) => {
    const answer = await fetch(origin + route);
    return [answer.status, await answer.text()] as const;
  };
  assertEquals(await text("/healthz"), [200, "ok"]);
  assertEquals(await text("/readyz"), [503, "not_ready"]);
  assertEquals((await text("/v1/status/ui"))[0], 200);
  assertEquals((await text("/describe"))[0], 200);
  const health = await call(`${origin}/health`);
  assertEquals(health.data.status, "not_ready");
  const [reason] = health.data.reasons;
  for (
    const part of [says, backup ?? "There is no good backup", "stop conductor"]
  ) {
    assertStringIncludes(reason, part);
  }
  const status = await call(`${origin}/v1/status`);
  assertEquals([status.data.ready, status.data.mode], [false, "unknown"]);
  assertEquals(status.data.reasons, health.data.reasons);
  if (backup === null) assertEquals(status.data.backup, null);
  else assert(status.data.backup.size_bytes > 0);
  const asked: [string, unknown?][] = [
    ["/v1/tasks"],
    ["/v1/tasks", { nonsense: 1 }],
    ["/v1/exec", { command: "true" }],
    ["/v1/system/state"],
    ["/v1/events"],
    ["/v1/codex"],
  ];
  let restore = "";
  for (const [route, body] of asked) {
    const { error } = await call(origin + route, body);
    assertEquals([error.code, error.retryable], ["NOT_READY", false]);
    assertStringIncludes(error.hint, error.details.restore);
    assertEquals(error.details.backup, backup);
    restore = error.details.restore;
  }
  const { data } = await call(`${origin}/v1/capabilities`);
  const works = [...data.read_endpoints, ...data.write_endpoints]
    .filter((it) => it.available).map((it) => it.path);
  assert(works.includes("/v1/status") && !works.includes("/v1/tasks"));
  return restore;
}

async function run(command: string): Promise<void> {
  const { code } = await new Deno.Command("sh", { args: ["-c", command] })
    .output();
  assertEquals(code, 0);
}

/** Starts on what was restored: everything is there, and what was there is kept. */
async function assertRestored(
  { env, folder }: CopiedState,
  { tasks, isKept }: {
    readonly tasks: readonly string[];
    readonly isKept: boolean;
  },
): Promise<void> {
  await using daemon = await startDaemon("conductor", env);
  for (const id of tasks) {
    const { data } = await call(`${daemon.origin}/v1/tasks/${id}`);
    assertEquals(data.task_id, id);
  }
  const kept = Array.from(Deno.readDirSync(folder))
    .filter(({ name }) => name.startsWith("aside."));
  assertEquals(kept.length, isKept ? 1 : 0);
}

Deno.test("conductor stays up on a damaged database, leaves it as it is, and says what restores it", async (t) => {
  await using ended = await usedNode("SIGTERM");
  await using killed = await usedNode("SIGKILL");
  for (const [what, damage] of Object.entries(DAMAGES)) {
    await t.step(what, async () => {
      const { tasks, copy } = damage.killed ? killed : ended;
      await using state = await copy();
      damage.harm(state.path);
      const before = contents(state.folder);
      let restore: string;
      {
        await using daemon = await startHarmed(state);
        restore = await assertOutage(daemon, { ...damage, ...state });
      }
      assertEquals(contents(state.folder), before);
      await run(restore);
      await assertRestored(state, { tasks, isKept: before.length > 0 });
    });
  }

  await t.step(
    "missing, without a backup: it begins anew where it is told to",
    async () => {
      await using state = await ended.copy();
      Deno.removeSync(state.path);
      Deno.removeSync(join(state.folder, "backups"), { recursive: true });
      let restore: string;
      {
        await using daemon = await startHarmed(state);
        restore = await assertOutage(daemon, {
          says: "is not there",
          backup: null,
        });
      }
      await run(restore);
      await assertRestored(state, { tasks: [], isKept: false });
    },
  );

  const mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"';
  await t.step({
    name: "read-only: what to do about it comes first",
    ignore: !await isPossible("unshare", "-m", "mount", "--bind", "/", "/"),
    async fn() {
      await using state = await ended.copy();
      const wrapper = `${mount} && exec "$@"`;
      await using daemon = await startHarmed(
        state,
        ["unshare", "-m", "sh", "-c", wrapper, state.path],
      );
      await assertOutage(daemon, { ...state, says: "make it writable" });
    },
  });

  await t.step(
    "the newest backup is damaged as well: the one before is named",
    async () => {
      await using state = await ended.copy();
      const newer = join(
        state.folder,
        "backups/conductor-2999-01-01T00-00-00-000Z.db",
      );
      Deno.copyFileSync(state.path, newer);
      Deno.truncateSync(newer, 20 * PAGE);
      Deno.truncateSync(state.path, 20 * PAGE);
      await using daemon = await startHarmed(state);
      await assertOutage(daemon, { says: "malformed", backup: state.backup });
    },
  );

  await t.step("found by a request while it runs", async () => {
    await using state = await ended.copy();
    await using daemon = await startDaemon("conductor", state.env);
    const { size } = Deno.statSync(state.path);
    overwrite(state.path, { at: 20 * PAGE, bytes: noise(size - 20 * PAGE) });
    const { error } = await call(`${daemon.origin}/v1/tasks`, {
      title: "one more",
      kind: "exec",
      payload: { command: "true" },
    });
    assertEquals([error.code, error.retryable], ["NOT_READY", false]);
    assertStringIncludes(error.hint, state.backup);
    const before = sha256Hex(Deno.readFileSync(state.path));
    const restore = await assertOutage(daemon, {
      says: "the file is damaged",
      backup: state.backup,
    });
    daemon.child.kill("SIGTERM");
    assertEquals((await daemon.child.status).code, 0);
    assertEquals(sha256Hex(Deno.readFileSync(state.path)), before);
    await run(restore);
    await assertRestored(state, { tasks: ended.tasks, isKept: true });
  });

  const takeAway: Record<string, (state: CopiedState) => void> = {
    "removed while it runs": ({ folder }) => {
      for (const { name } of [...Deno.readDirSync(folder)]) {
        if (name.startsWith("conductor.db")) {
          Deno.removeSync(join(folder, name));
        }
      }
    },
    "replaced while it runs": ({ path, backup }) => {
      Deno.removeSync(path);
      Deno.copyFileSync(backup, path);
    },
    "log removed while it runs": ({ path }) => Deno.removeSync(`${path}-wal`),
  };
  for (const [what, take] of Object.entries(takeAway)) {
    await t.step(`${what}: what was acknowledged is saved`, async () => {
      await using state = await ended.copy();
      const task = {
        title: "late",
        kind: "exec",
        payload: { command: "true" },
      };
      const tasks = [...ended.tasks];
      let restore: string;
      let isThere: boolean;
      {
        await using daemon = await startDaemon("conductor", state.env);
        const post = () => call(`${daemon.origin}/v1/tasks`, task);
        tasks.push((await post()).data.task_id);
        take(state);
        isThere = contents(state.folder).length > 0;
        const { error } = await post();
        assertEquals([error.code, error.retryable], ["NOT_READY", false]);
        assert(error.details.backup > state.backup, error.details.backup);
        restore = await assertOutage(daemon, {
          says: "were moved, replaced or removed",
          backup: error.details.backup,
        });
      }
      await run(restore);
      await assertRestored(state, { tasks, isKept: isThere });
    });
  }
});
