import { join } from "@std/path";
import { assert, assertEquals } from "@std/assert";
import { Database } from "@db/sqlite";
import { verifyAudit } from "../../conductor/record/audit_verify.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";
import { sharedState } from "../testing/state.ts";

const ROUNDS = 12;
const CLIENTS = 32;

/** What the clients were told, and of what the disk shows that it was done. */
interface Seen {
  readonly tasks: string[];
  /** Request ids of host operations that were answered. */
  readonly answered: string[];
  /** Where work leaves what it was. */
  readonly folder: string;
}

/** Many clients write files, run commands and queue tasks until the daemon is gone. */
async function work({ origin }: RunningDaemon, seen: Seen): Promise<void> {
  const actions = [
    async (name: string) => {
      const { ok, data } = await call(`${origin}/v1/tasks`, {
        title: name,
        kind: "exec",
        payload: { command: "true" },
      });
      if (ok) seen.tasks.push(data.task_id);
    },
    async (name: string) => {
      const { ok, request_id } = await call(`${origin}/v1/files/write`, {
        path: join(seen.folder, name),
        content: name,
      });
      if (ok) seen.answered.push(request_id);
    },
    async (name: string) => {
      const { ok, request_id } = await call(`${origin}/v1/exec`, {
        command: `printf x > '${join(seen.folder, name)}'`,
      });
      if (ok) seen.answered.push(request_id);
    },
    async (name: string) => {
      const { ok, request_id } = await call(`${origin}/v1/files/read`, {
        path: join(seen.folder, name),
      });
      if (ok) seen.answered.push(request_id);
    },
  ];
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    const action = actions[client % actions.length];
    try {
      while (true) await action?.(crypto.randomUUID());
    } catch { /* the daemon is gone */ }
  }));
}

Deno.test(`conductor does no work without its intent, and loses no answer of ${CLIENTS} clients, over ${ROUNDS} kill -9`, async () => {
  await using state = await sharedState();
  await using done = await tempDir();
  const seen: Seen = { tasks: [], answered: [], folder: done.path };
  for (let round = 0; round < ROUNDS; round++) {
    await using conductor = await startDaemon("conductor", state.env);
    await call(`${conductor.origin}/v1/system/pause`, {});
    const gone = work(conductor, seen);
    await new Promise((resolve) =>
      setTimeout(resolve, 150 + Math.random() * 350)
    );
    conductor.child.kill("SIGKILL");
    await conductor.child.status;
    await gone;

    const database = new Database(state.database, { int64: true });
    const texts = (sql: string) =>
      database.prepare(sql).values<[string]>().map(([text]) => text);
    const verdict = verifyAudit(database);
    const tasks = new Set(texts("SELECT task_id FROM tasks"));
    const intents = "FROM audit WHERE phase = 'intent'";
    const requests = new Set(texts(`SELECT request_id ${intents}`));
    const targets = texts(`SELECT target ${intents}`).join("\n");
    const created = texts(
      `SELECT target ${intents} AND action = 'tasks.create'`,
    ).join("\n");
    const titles = texts("SELECT title FROM tasks");
    database.close();
    assertEquals(verdict.problem, null);
    assertEquals(seen.tasks.filter((id) => !tasks.has(id)), []);
    assertEquals(seen.answered.filter((id) => !requests.has(id)), []);
    assertEquals(titles.filter((title) => !created.includes(title)), []);
    const names = Array.from(Deno.readDirSync(seen.folder), (it) => it.name);
    assertEquals(names.filter((name) => !targets.includes(name)), []);
  }
  assert(seen.tasks.length > ROUNDS && seen.answered.length > ROUNDS);
});
