import { fromFileUrl } from "@std/path";
import { startDaemon } from "../testing/daemon.ts";
import { type BenchRow, isInstalled, quantile, wrk } from "./harness.ts";

const ROUNDS = 3;
const POST_SCRIPT = `
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"title":"a small task","count":7}'
`;

/** `GET /healthz` and a validated, enveloped POST against a bare `Deno.serve`. Needs wrk. */
export async function httpBench(): Promise<readonly BenchRow[]> {
  if (!await isInstalled("wrk")) return [];
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  await Deno.writeTextFile(script, POST_SCRIPT);
  await using conductor = await startDaemon("conductor");
  await using bare = await startServer("bare");
  await using kit = await startServer("kit");
  const rates = {
    bareGet: [],
    ourGet: [],
    barePost: [],
    kitPost: [],
  } as Record<
    "bareGet" | "ourGet" | "barePost" | "kitPost",
    number[]
  >;
  for (let round = 0; round < ROUNDS; round++) {
    rates.bareGet.push(await wrk(`${bare.origin}/healthz`));
    rates.ourGet.push(await wrk(`${conductor.origin}/healthz`));
    rates.barePost.push(await wrk(`${bare.origin}/v1/echo`, { script }));
    rates.kitPost.push(await wrk(`${kit.origin}/v1/echo`, { script }));
  }
  await Deno.remove(script);
  return [
    row("GET /healthz", rates.ourGet, rates.bareGet),
    row("POST, validated and enveloped", rates.kitPost, rates.barePost),
  ];
}

function row(
  name: string,
  ours: readonly number[],
  floor: readonly number[],
): BenchRow {
  const [a, b] = [quantile(ours, 0.5), quantile(floor, 0.5)];
  return {
    name: `${name}, requests/s`,
    ours: a.toFixed(0),
    floor: `${b.toFixed(0)} bare Deno.serve`,
    ratio: `${(a / b).toFixed(2)} ×`,
    target: "≥ 0.70 ×",
    met: a / b >= 0.7,
  };
}

async function startServer(kind: "bare" | "kit") {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "-A",
      fromFileUrl(new URL("kit_server.ts", import.meta.url)),
      kind,
    ],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const port = new TextDecoder().decode(value).trim();
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}
