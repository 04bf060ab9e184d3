import { CALLER, testHostOps } from "../../host_ops/testing/host_ops.ts";
import { startDaemon } from "../testing/daemon.ts";
import { type BenchRow, ms, post, quantile } from "./harness.ts";

const BESIDE_MS = 3_000;

/** The event loop while one client runs commands in a loop, against itself idle. */
export async function loopBench(): Promise<readonly BenchRow[]> {
  return [await latenessRow(), await healthRow()];
}

/** How late a timer of 1 ms is in a process of some size while it runs commands. */
async function latenessRow(): Promise<BenchRow> {
  const resident = Array.from(
    { length: 12 },
    () => new Uint8Array(8_000_000).fill(1),
  );
  await using ops = testHostOps();
  await ops.prepare();
  const lateness = async () => {
    const late: number[] = [];
    const until = performance.now() + BESIDE_MS;
    while (performance.now() < until) {
      const since = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 1));
      late.push(performance.now() - since - 1);
    }
    return quantile(late, 0.95);
  };
  const idle = await lateness();
  const run = () => ops.executeCommand({ command: "/bin/true" }, CALLER);
  const busy = await beside(run, lateness);
  resident.length = 0;
  return {
    name: "lateness of a 1 ms timer beside an exec loop, p95",
    ours: ms(busy),
    floor: `${ms(idle)} idle`,
    ratio: `+ ${ms(busy - idle)}`,
    target: "≤ 6 ms",
    met: busy <= 6,
  };
}

async function healthRow(): Promise<BenchRow> {
  await using conductor = await startDaemon("conductor");
  const { origin } = conductor;
  const ours = () => post(`${origin}/v1/exec`, { command: "/bin/true" });
  for (let i = 0; i < 50; i++) await ours();
  const ask = async () => {
    const times: number[] = [];
    const until = performance.now() + BESIDE_MS;
    while (performance.now() < until) {
      const since = performance.now();
      await (await fetch(`${origin}/healthz`)).text();
      times.push(performance.now() - since);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return quantile(times, 0.9);
  };
  const idle = await ask();
  const busy = await beside(ours, ask);
  return {
    name: "GET /healthz beside an exec loop, p90",
    ours: ms(busy),
    floor: `${ms(idle)} idle`,
    ratio: `+ ${ms(busy - idle)}`,
    target: "≤ 10 ms",
    met: busy <= 10,
  };
}

/** Does `work` while `run` is run over and over. */
async function beside<T>(
  run: () => Promise<unknown>,
  work: () => Promise<T>,
): Promise<T> {
  let isOver = false;
  const loop = (async () => {
    while (!isOver) await run();
  })();
  try {
    return await work();
  } finally {
    isOver = true;
    await loop;
  }
}
