import { join } from "@std/path";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { durableRows } from "./durable_rows.ts";
import {
  type BenchRow,
  count,
  inTurn,
  isInstalled,
  middles,
  ms,
  ratioRow,
  wrk,
} from "./harness.ts";

const ROUNDS = 3;
const ONE = { connections: 1 };

/**
 * Calls that leave durable rows against single-row durable inserts by hand, on
 * the same disk and in turn. Needs wrk.
 */
export async function rowsBench(): Promise<readonly BenchRow[]> {
  if (!await isInstalled("wrk")) return [];
  await using conductor = await startDaemon("conductor");
  const { folder, origin } = conductor;
  const file = join(folder, "small.txt");
  await Deno.writeTextFile(file, "x".repeat(200));
  const read = await script(conductor, "read", { path: file });
  const task = await script(conductor, "task", {
    title: "t",
    kind: "exec",
    payload: { command: "true" },
  });
  // What is queued must not run meanwhile.
  await (await fetch(`${origin}/v1/system/pause`, { method: "POST" })).text();
  using floor = durableRows(join(folder, "floor.db"));
  const rates = middles(
    await inTurn({
      floor: () => floor.rate(),
      one: () => wrk(`${origin}/v1/files/read`, { ...read, ...ONE }),
      many: () => wrk(`${origin}/v1/files/read`, read),
      task: () => wrk(`${origin}/v1/tasks`, { ...task, ...ONE }),
    }, ROUNDS),
  );
  const row = (name: string, ours: number, least: number) =>
    ratioRow({
      name: `${name}, requests/s`,
      ours,
      floor: [rates.floor, "single-row durable inserts"],
      show: count,
      least,
    });
  return [
    row("files/read of 200 bytes, 32 clients", rates.many, 1),
    ratioRow({
      name: "files/read of 200 bytes, one client",
      ours: 1000 / rates.one,
      floor: [1000 / rates.floor, "a single-row durable insert"],
      show: ms,
      most: 2,
      plusMs: 1,
    }),
    row("POST /v1/tasks, one client", rates.task, 0.5),
  ];
}

/** Writes what makes wrk post a body. */
async function script(
  { folder }: RunningDaemon,
  name: string,
  body: unknown,
): Promise<{ readonly script: string }> {
  const path = join(folder, `${name}.lua`);
  await Deno.writeTextFile(
    path,
    `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = ${JSON.stringify(JSON.stringify(body))}
`,
  );
  return { script: path };
}
