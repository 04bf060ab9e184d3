import { join } from "@std/path";
import { Database as Connection } from "@db/sqlite";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { type BenchRow, isInstalled, ms, quantile, wrk } from "./harness.ts";

const ROUNDS = 5;
const FLOOR_MS = 500;
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
  using floor = durableInserts(join(folder, "floor.db"));
  const rates = { floor: [], one: [], many: [], task: [] } as Record<
    "floor" | "one" | "many" | "task",
    number[]
  >;
  for (let round = 0; round < ROUNDS; round++) {
    rates.floor.push(floor.rate());
    rates.one.push(await wrk(`${origin}/v1/files/read`, { ...read, ...ONE }));
    rates.many.push(await wrk(`${origin}/v1/files/read`, read));
    rates.task.push(await wrk(`${origin}/v1/tasks`, { ...task, ...ONE }));
  }
  const [one, many, tasks, inserts] = [
    rates.one,
    rates.many,
    rates.task,
    rates.floor,
  ].map((it) => quantile(it, 0.5)) as [number, number, number, number];
  const limit = 2 * 1000 / inserts + 1;
  return [
    row("files/read of 200 bytes, 32 clients", many, inserts, 1),
    {
      name: "files/read of 200 bytes, one client",
      ours: ms(1000 / one),
      floor: `${ms(1000 / inserts)} a single-row durable insert`,
      ratio: `+ ${ms((1000 / one) - (1000 / inserts))}`,
      target: "≤ two of them + 1 ms",
      met: 1000 / one <= limit,
    },
    row("POST /v1/tasks, one client", tasks, inserts, 0.5),
  ];
}

function row(
  name: string,
  ours: number,
  floor: number,
  target: number,
): BenchRow {
  return {
    name: `${name}, requests/s`,
    ours: ours.toFixed(0),
    floor: `${floor.toFixed(0)} single-row durable inserts`,
    ratio: `${(ours / floor).toFixed(2)} ×`,
    target: `≥ ${target.toFixed(2)} ×`,
    met: ours / floor >= target,
  };
}

/** Inserts one row a transaction, as durably as conductor does. */
function durableInserts(path: string) {
  const connection = new Connection(path);
  connection.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE floor (id INTEGER PRIMARY KEY, text TEXT) STRICT;
  `);
  const insert = connection.prepare("INSERT INTO floor (text) VALUES (?)");
  const text = "x".repeat(200);
  return {
    /** Rows a second. */
    rate(): number {
      const started = performance.now();
      let count = 0;
      while (performance.now() < started + FLOOR_MS) {
        insert.run(text);
        count++;
      }
      return count * 1000 / (performance.now() - started);
    },
    [Symbol.dispose]: () => connection.close(),
  };
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
