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

/** `POST /v1/exec` of `/bin/true` against a plain `Deno.Command` and Debian's webhook; memory after 10 000. */
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
