import { startDaemon } from "../testing/daemon.ts";
import { type BenchRow, ms, quantile, residentMiB } from "./harness.ts";

const ROUNDS = 3;

/** Start to ready beside Deno's own start, and idle memory, of both daemons. */
export async function startBench(): Promise<readonly BenchRow[]> {
  const empty: number[] = [];
  const ready = { conductor: [] as number[], codexd: [] as number[] };
  const memory = { conductor: NaN, codexd: NaN };
  for (let round = 0; round < ROUNDS; round++) {
    empty.push(await emptyStart());
    for (const program of ["conductor", "codexd"] as const) {
      await using daemon = await startDaemon(program);
      ready[program].push(daemon.readyMs);
      memory[program] = await residentMiB(daemon.pid);
    }
  }
  const floor = quantile(empty, 0.5);
  return (["conductor", "codexd"] as const).flatMap((program) => {
    const ours = quantile(ready[program], 0.5);
    return [
      {
        name: `${program}: start to ready, p50`,
        ours: ms(ours),
        floor: `${ms(floor)} empty Deno program`,
        ratio: `+ ${ms(ours - floor)}`,
        target: "≤ + 200 ms",
        met: ours - floor <= 200,
      },
      {
        name: `${program}: idle memory, MiB`,
        ours: memory[program].toFixed(0),
        floor: "",
        ratio: "",
        target: "≤ 90",
        met: memory[program] <= 90,
      },
    ];
  });
}

async function emptyStart(): Promise<number> {
  const started = performance.now();
  await new Deno.Command(Deno.execPath(), {
    args: ["eval", ""],
    stdout: "null",
  }).output();
  return performance.now() - started;
}
