import { CALLER, testHostOps } from "../../host_ops/testing/host_ops.ts";
import { freePort } from "../../shared/testing/free_ports.ts";
import { startDaemon } from "../testing/daemon.ts";
import {
  type BenchRow,
  interleave,
  isInstalled,
  ms,
  quantile,
  residentMiB,
} from "./harness.ts";

const ROUNDS = 500;
const MANY = 10_000;
/** Execs after which V8's heap has the size that it keeps. */
const WARM = 4_000;

/** How many commands at once, and how many rounds of each. */
const WIDTHS = [8, 32];
const ROUNDS_AT_ONCE = 5;
const BESIDE_MS = 4_000;

/**
 * `POST /v1/exec` of `/bin/true` against a plain `Deno.Command`, one whose shell
 * makes a group, and Debian's webhook; the event loop beside it; memory after
 * 10 000.
 */
export async function execBench(): Promise<readonly BenchRow[]> {
  await using conductor = await startDaemon("conductor");
  await using webhook = await startWebhook();
  const ours = () =>
    post(`${conductor.origin}/v1/exec`, { command: "/bin/true" });
  const bare = () =>
    new Deno.Command("/bin/sh", { args: ["-c", "/bin/true"] }).output();
  const peer = webhook === undefined
    ? bare
    : () => post(`${webhook.origin}/hooks/true`, {});
  for (let i = 0; i < 50; i++) await ours();
  const times = await interleave({ ours, bare, peer }, ROUNDS);
  const [a, b, c] = [times.ours, times.bare, times.peer].map((it) =>
    quantile(it, 0.5)
  ) as [number, number, number];
  const atOnce = await atOnceRows(ours);
  const beside = [
    await latenessRow(),
    await besideRow(ours, `${conductor.origin}/healthz`),
  ];
  const many = async (count: number) => {
    for (let i = 0; i < count / 8; i++) {
      await Promise.all(Array.from({ length: 8 }, ours));
    }
    return await residentMiB(conductor.pid);
  };
  const warm = await many(WARM);
  const after = await many(MANY);
  return [
    {
      name: "exec of /bin/true, p50",
      ours: ms(a),
      floor: `${ms(b)} plain Deno.Command of a shell`,
      ratio: `+ ${ms(a - b)}`,
      target: "≤ 1.3 × + 2 ms",
      met: a <= 1.3 * b + 2,
    },
    ...(webhook === undefined ? [] : [{
      name: "exec of /bin/true over HTTP, p50",
      ours: ms(a),
      floor: `${ms(c)} webhook`,
      ratio: `${(a / c).toFixed(2)} ×`,
      target: "≤ 2.00 ×",
      met: a / c <= 2,
    }]),
    ...atOnce,
    ...beside,
    {
      name: `memory after ${MANY} more execs, MiB`,
      ours: after.toFixed(0),
      floor: `${warm.toFixed(0)} after ${WARM}`,
      ratio: `+ ${(after - warm).toFixed(0)}`,
      target: "no growth (≤ + 15)",
      met: after - warm <= 15,
    },
  ];
}

/** Many at once, beside as many shells that make a group each. */
async function atOnceRows(ours: () => Promise<void>): Promise<BenchRow[]> {
  const makesGroup = "exec setsid sh -c /bin/true";
  const group = () =>
    new Deno.Command("/bin/sh", { args: ["-c", makesGroup] }).output();
  const rows: BenchRow[] = [];
  for (const width of WIDTHS) {
    const all = (run: () => Promise<unknown>) => async () => {
      await Promise.all(
        Array.from({ length: width }, async () => {
          for (let i = 0; i < 4; i++) await run();
        }),
      );
    };
    const times = await interleave(
      { ours: all(ours), group: all(group) },
      ROUNDS_AT_ONCE,
    );
    const [a, b] = [times.ours, times.group].map((it) =>
      quantile(it, 0.5) / (width * 4)
    ) as [number, number];
    rows.push({
      name: `exec of /bin/true, ${width} at once, each`,
      ours: ms(a),
      floor: `${ms(b)} a shell that makes its group`,
      ratio: `${(a / b).toFixed(2)} ×`,
      target: "≤ 2.00 ×",
      met: a / b <= 2,
    });
  }
  return rows;
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

async function besideRow(
  ours: () => Promise<void>,
  url: string,
): Promise<BenchRow> {
  const ask = async () => {
    const times: number[] = [];
    const until = performance.now() + BESIDE_MS;
    while (performance.now() < until) {
      const since = performance.now();
      await (await fetch(url)).text();
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

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`Cannot bench ${url}: ${response.status}`);
  await response.arrayBuffer();
}

/** Starts Debian's webhook with one hook that runs /bin/true; undefined when it is not installed. */
async function startWebhook() {
  if (!await isInstalled("webhook")) return undefined;
  const hooks = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(
    hooks,
    JSON.stringify([{
      id: "true",
      "execute-command": "/bin/true",
      "include-command-output-in-response": true,
    }]),
  );
  const port = freePort();
  const child = new Deno.Command("webhook", {
    args: ["-hooks", hooks, "-ip", "127.0.0.1", "-port", String(port)],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const origin = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 500; i++) {
    try {
      await post(`${origin}/hooks/true`, {});
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  return {
    origin,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await Deno.remove(hooks);
    },
  };
}
