import { assert, assertEquals } from "@std/assert";
import { Database } from "@db/sqlite";
import { verifyAudit } from "../../conductor/record/audit_verify.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";
import { until } from "../../shared/testing/until.ts";
import { sharedState } from "../testing/state.ts";

const ROUNDS = 20;

/** What conductor has said yes to. */
interface Acknowledged {
  readonly tasks: string[];
  /** Request ids of execs that were answered. */
  readonly execs: string[];
  /** The modes that may be in force: the last one acknowledged, and one asked for since. */
  modes: readonly string[];
}

/** Asks for everything at once until the daemon is gone. */
async function work(
  { origin }: RunningDaemon,
  acknowledged: Acknowledged,
): Promise<void> {
  const repeat = async (action: (index: number) => Promise<void>) => {
    for (let index = 0;; index++) {
      try {
        await action(index);
      } catch {
        return;
      }
    }
  };
  await Promise.all([
    repeat(async (index) => {
      const { ok, data, error } = await call(`${origin}/v1/tasks`, {
        title: `task ${index}`,
        kind: "exec",
        payload: { command: "echo started; sleep 0.02; seq 1 50" },
        retry_lost: index % 2 === 0,
        labels: ["crash"],
      });
      assert(ok, JSON.stringify(error));
      acknowledged.tasks.push(data.task_id);
    }),
    repeat(async () => {
      const { ok, request_id } = await call(`${origin}/v1/exec`, {
        command: "true",
      });
      assert(ok);
      acknowledged.execs.push(request_id);
    }),
    repeat(async (index) => {
      const [verb, mode] = index % 2 === 0
        ? ["pause", "paused"] as const
        : ["resume", "running"] as const;
      acknowledged.modes = [...acknowledged.modes, mode];
      const { ok } = await call(`${origin}/v1/system/${verb}`, {});
      assert(ok);
      acknowledged.modes = [mode];
      await new Promise((resolve) => setTimeout(resolve, 30));
    }),
  ]);
}

Deno.test(`conductor keeps all that it acknowledged over ${ROUNDS} kill -9`, async () => {
  await using state = await sharedState();
  const acknowledged: Acknowledged = {
    tasks: [],
    execs: [],
    modes: ["running"],
  };
  for (let round = 0; round < ROUNDS; round++) {
    await using daemon = await startDaemon("conductor", state.env);
    const { data } = await call(`${daemon.origin}/v1/system/state`);
    assertEquals(data.leader?.instance_id, data.node.instance_id);
    assert(acknowledged.modes.includes(data.mode));
    acknowledged.modes = [data.mode];
    const worked = work(daemon, acknowledged);
    await new Promise((resolve) =>
      setTimeout(resolve, 100 + Math.random() * 200)
    );
    daemon.child.kill("SIGKILL");
    await daemon.child.status;
    await worked;
    check(state.database, acknowledged);
  }

  await using last = await startDaemon("conductor", state.env);
  const { data } = await call(`${last.origin}/v1/system/state`);
  const runs = await call(`${last.origin}/v1/runs?status=running`);
  for (const run of runs.data.runs) {
    assertEquals(run.instance_id, data.node.instance_id);
  }
  await call(`${last.origin}/v1/system/resume`, {});
  await until(
    () => call(`${last.origin}/v1/tasks?status=queued&limit=1`),
    (answer) => answer.data.count === 0,
    { withinMs: 60_000 },
  );
});

/** Looks at the file as the killed process left it. */
function check(path: string, { tasks, execs }: Acknowledged): void {
  const database = new Database(path, { int64: true, parseJson: false });
  try {
    assertEquals(database.prepare("PRAGMA integrity_check").value(), ["ok"]);
    const verdict = verifyAudit(database);
    assert(verdict.ok, verdict.problem ?? "");
    const task = database.prepare("SELECT 1 FROM tasks WHERE task_id = ?");
    for (const id of tasks) assert(task.get(id), `task ${id} is lost`);
    const rows = database.prepare(
      "SELECT count(*) AS n FROM audit WHERE request_id = ?",
    );
    for (const id of execs) assertEquals(rows.get(id), { n: 2 }, id);
    const twice = database.prepare(
      `SELECT task_id FROM runs WHERE status = 'succeeded'
       GROUP BY task_id HAVING count(*) > 1`,
    );
    assertEquals(twice.all(), []);
  } finally {
    database.close();
  }
}
