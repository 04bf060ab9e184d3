import { freePort, startDaemon } from "../testing/daemon.ts";
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

/** `POST /v1/exec` of `/bin/true` against a bare `Deno.Command` and Debian's webhook; memory after 10 000. */
export async function execBench(): Promise<readonly BenchRow[]> {
  await using conductor = await startDaemon("conductor");
  await using webhook = await startWebhook();
  const ours = () =>
    post(`${conductor.origin}/v1/exec`, { command: "/bin/true" });
  const bare = () => new Deno.Command("/bin/true").output();
  const peer = webhook === undefined
    ? bare
    : () => post(`${webhook.origin}/hooks/true`, {});
  for (let i = 0; i < 50; i++) await ours();
  const times = await interleave({ ours, bare, peer }, ROUNDS);
  const [a, b, c] = [times.ours, times.bare, times.peer].map((it) =>
    quantile(it, 0.5)
  ) as [number, number, number];
  const idle = await residentMiB(conductor.pid);
  for (let i = 0; i < MANY / 8; i++) {
    await Promise.all(Array.from({ length: 8 }, ours));
  }
  const after = await residentMiB(conductor.pid);
  return [
    {
      name: "exec of /bin/true, p50",
      ours: ms(a),
      floor: `${ms(b)} bare Deno.Command`,
      ratio: `+ ${ms(a - b)}`,
      target: "≤ + 2.50 ms",
      met: a - b <= 2.5,
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
      name: `memory after ${MANY} execs, MiB`,
      ours: after.toFixed(0),
      floor: `${idle.toFixed(0)} after ${ROUNDS}`,
      ratio: `+ ${(after - idle).toFixed(0)}`,
      target: "no growth (≤ + 30)",
      met: after - idle <= 30,
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
