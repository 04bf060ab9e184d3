import { fromFileUrl } from "@std/path";
import { startDaemon } from "../testing/daemon.ts";
import {
  type BenchRow,
  count,
  inTurn,
  isInstalled,
  middles,
  ratioRow,
  wrk,
} from "./harness.ts";

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
  const rates = middles(
    await inTurn({
      bareGet: () => wrk(`${bare.origin}/healthz`),
      ourGet: () => wrk(`${conductor.origin}/healthz`),
      barePost: () => wrk(`${bare.origin}/v1/echo`, { script }),
      kitPost: () => wrk(`${kit.origin}/v1/echo`, { script }),
    }, ROUNDS),
  );
  await Deno.remove(script);
  const row = (name: string, ours: number, floor: number) =>
    ratioRow({
      name: `${name}, requests/s`,
      ours,
      floor: [floor, "bare Deno.serve"],
      show: count,
      least: 0.7,
    });
  return [
    row("GET /healthz", rates.ourGet, rates.bareGet),
    row("POST, validated and enveloped", rates.kitPost, rates.barePost),
  ];
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
