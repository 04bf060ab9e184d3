import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { until } from "../../shared/testing/until.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";
import { type SharedState, sharedState } from "../testing/state.ts";

const ROUNDS = 10;
const RUNS = 5;
const isLinux = Deno.build.os === "linux";

/** Prints numbered lines until it is told to end; notes each of its starts. */
function counting(state: SharedState, name: string): string {
  const file = (it: string) => join(state.folder, `${name}.${it}`);
  return `echo x >>${file("starts")}; i=0; while [ ! -e ${
    file("stop")
  } ]; do ` +
    `i=$((i + 1)); echo "line $i"; echo "odd $i" >&2; sleep 0.01; done; ` +
    `exit ${name.length}`;
}

async function queue(
  daemon: RunningDaemon,
  command: string,
  rest: Record<string, unknown> = {},
): Promise<string> {
  const { ok, data, error } = await call(`${daemon.origin}/v1/tasks`, {
    title: "counts",
    kind: "exec",
    payload: { command, cwd: "/" },
    survive: true,
    ...rest,
  });
  assert(ok, JSON.stringify(error));
  return data.task_id;
}

function stop(state: SharedState, name: string): Promise<void> {
  return Deno.writeTextFile(join(state.folder, `${name}.stop`), "");
}

/** What a run has printed, checked for holes and doubles. */
async function linesOf(state: SharedState, runId: string): Promise<number> {
  const texts = await Promise.all(
    [["stdout", "line"], ["stderr", "odd"]].map(async ([file = "", word]) => {
      const text = await Deno.readTextFile(
        join(state.folder, "jobs", runId, file),
      );
      const lines = text.split("\n").slice(0, -1);
      assertEquals(lines, lines.map((_, index) => `${word} ${index + 1}`));
      return lines.length;
    }),
  );
  assertEquals(texts[0], texts[1]);
  return texts[0] ?? 0;
}

/** The log of a task tells every line once, in its order. */
async function checkLog(
  daemon: RunningDaemon,
  taskId: string,
  count: number,
): Promise<void> {
  const response = await fetch(`${daemon.origin}/v1/tasks/${taskId}/logs`, {
    headers: { accept: "text/event-stream" },
  });
  const messages = [
    ...(await response.text()).matchAll(/"message":"(line \d+)"/g),
  ]
    .map(([, message]) => message);
  assertEquals(messages.length, count);
  messages.forEach((it, index) => assertEquals(it, `line ${index + 1}`));
}

async function endOf(daemon: RunningDaemon, taskId: string) {
  const { data } = await until(
    () => call(`${daemon.origin}/v1/tasks/${taskId}`),
    ({ data }) => data.finished_at !== null,
    { withinMs: 20_000 },
  );
  return data;
}

/** Processes that still run something of a state folder. */
function leftOf(state: SharedState): string[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const line = Deno.readTextFileSync(`/proc/${name}/cmdline`);
      const isOurs = line.includes(state.folder) &&
        !line.includes("conductor/main");
      return isOurs ? [line.replaceAll("\0", " ")] : [];
    } catch {
      return [];
    }
  });
}

async function ownRuns({ origin }: RunningDaemon) {
  const { data } = await call(`${origin}/v1/runs?status=running&limit=200`);
  const state = await call(`${origin}/v1/system/state`);
  const { instance_id } = state.data.node;
  return data.runs.filter((it: { instance_id: string }) =>
    it.instance_id === instance_id
  ).length as number;
}

Deno.test({
  name:
    `Surviving runs lose and double nothing over ${ROUNDS} kill -9 at random moments`,
  ignore: !isLinux,
  async fn() {
    await using state = await sharedState();
    const env = { ...state.env, BAA_MAX_CONCURRENT_RUNS: "64" };
    const tasks = new Map<string, string>();
    for (let round = 0; round < ROUNDS; round++) {
      await using daemon = await startDaemon("conductor", env);
      if (round > 0) {
        const { data } = await call(
          `${daemon.origin}/v1/runs?status=running&limit=200`,
        );
        await until(
          () => ownRuns(daemon),
          (it) => it === data.runs.length,
          { withinMs: 2_000 },
        );
      }
      if (round > 0) await stop(state, `late${round - 1}`);
      while (round === 0 && tasks.size < RUNS) {
        const name = "n".repeat(tasks.size + 1);
        tasks.set(name, await queue(daemon, counting(state, name)));
      }
      // One is cut off somewhere in its start.
      const name = `late${round}`;
      const late = queue(daemon, counting(state, name))
        .then((id) => tasks.set(name, id), () => {});
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
      daemon.child.kill("SIGKILL");
      await daemon.child.status;
      await late;
    }
    await using daemon = await startDaemon("conductor", env);
    for (let round = 0; round < ROUNDS; round++) {
      await stop(state, `late${round}`);
    }
    for (const name of tasks.keys()) await stop(state, name);
    await until(
      () => call(`${daemon.origin}/v1/tasks?status=running`),
      ({ data }) => data.count === 0,
      { withinMs: 30_000 },
    );
    for (const [name, taskId] of tasks) {
      const { status, latest_run } = await endOf(daemon, taskId);
      assertEquals(status, "failed");
      assertEquals(
        latest_run.outcome.result?.exit_code,
        name.length,
        JSON.stringify(latest_run),
      );
      const starts = join(state.folder, `${name}.starts`);
      assertEquals(await Deno.readTextFile(starts), "x\n", name);
      const count = await linesOf(state, latest_run.run_id);
      await checkLog(daemon, taskId, count);
    }
    for (let round = 0; round < ROUNDS; round++) {
      const starts = join(state.folder, `late${round}.starts`);
      const text = await Deno.readTextFile(starts).catch(() => "");
      assert(text === "x\n" || text === "", `late${round} ran twice`);
    }
    await until(() => Promise.resolve(leftOf(state)), (it) => it.length === 0);
  },
});
