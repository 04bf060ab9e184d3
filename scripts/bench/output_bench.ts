import { until } from "../../shared/testing/until.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";
import { sharedState } from "../testing/state.ts";
import { type BenchRow, interleave, middles, ms } from "./harness.ts";

const ROUNDS = 50;
const OFFSET = 1_073_741_824;
const BYTES = OFFSET + 100_000_000;
const WITHIN = { withinMs: 120_000 };

/** What a run has printed, far behind its begin; whose it is after a kill -9 and a restart. */
export async function outputBench(): Promise<readonly BenchRow[]> {
  await using state = await sharedState();
  const rows: BenchRow[] = [];
  let runId = "";
  {
    await using daemon = await startDaemon("conductor", state.env);
    const { data: task } = await call(`${daemon.origin}/v1/tasks`, {
      title: "prints",
      kind: "exec",
      payload: { command: `yes | head -c ${BYTES}; exec sleep 600` },
      survive: true,
      max_output_bytes: BYTES,
    });
    runId = await until(async () => {
      const [run] = (await runs(daemon)).filter((it) =>
        it.task_id === task.task_id
      );
      return run?.run_id ?? "";
    });
    const read = (offset: number) =>
      call(
        `${daemon.origin}/v1/runs/${runId}/output?offset=${offset}&max_bytes=65536`,
      );
    await until(
      () => read(OFFSET),
      ({ data }) => data.size_bytes === BYTES,
      WITHIN,
    );
    const p50 = middles(
      await interleave({
        far: () => read(OFFSET),
        begin: () => read(0),
      }, ROUNDS),
    );
    rows.push({
      name: "output of a run at offset 1 GiB, 64 KiB, p50",
      ours: ms(p50.far),
      floor: `${ms(p50.begin)} at offset 0`,
      ratio: `${(p50.far / p50.begin).toFixed(2)} ×`,
      target: "≤ 20 ms",
      met: p50.far <= 20,
    });
    daemon.child.kill("SIGKILL");
    await daemon.child.status;
  }
  await using daemon = await startDaemon("conductor", state.env);
  const since = performance.now() - daemon.readyMs;
  const { data } = await call(`${daemon.origin}/v1/system/state`);
  await until(
    () => runs(daemon),
    (all) => all.some((it) => it.instance_id === data.node.instance_id),
    WITHIN,
  );
  const took = performance.now() - since;
  const { data: run } = await call(`${daemon.origin}/v1/runs/${runId}`);
  await call(`${daemon.origin}/v1/tasks/${run.task_id}/cancel`, {});
  return [...rows, {
    name: "adoption of a run, from the start after a kill -9",
    ours: ms(took),
    floor: `${ms(daemon.readyMs)} start to ready`,
    ratio: `+ ${ms(took - daemon.readyMs)}`,
    target: "≤ 2000 ms",
    met: took <= 2_000,
  }];
}

async function runs({ origin }: RunningDaemon) {
  const { data } = await call(`${origin}/v1/runs?status=running&limit=200`);
  return data.runs as readonly {
    readonly run_id: string;
    readonly task_id: string;
    readonly instance_id: string;
  }[];
}
