import { join } from "@std/path";
import { RawConnection, rawRequest } from "../../shared/testing/raw_http.ts";
import { startDaemon } from "../testing/daemon.ts";
import {
  type BenchRow,
  inTurn,
  memoryRow,
  middles,
  residentMiB,
  timeOf,
} from "./harness.ts";

const ROUNDS = 7;
const BYTES = 60_000_000;
const LINE =
  "2026-11-26 18:00:00 compiled module 17 of 230 in 12 ms, no hints\n";
/** How many pieces a slow reader takes, of which size, with which pause. */
const SLOW = { pieces: 60, bytes: 65_536, pauseMs: 50 };

/** The output of a command as events, against its pipe; memory beside who reads slowly. */
export async function streamBench(): Promise<readonly BenchRow[]> {
  await using conductor = await startDaemon("conductor");
  const { folder, origin, pid } = conductor;
  const file = join(folder, "lines.txt");
  const text = LINE.repeat(Math.ceil(BYTES / LINE.length)).slice(0, BYTES);
  await Deno.writeTextFile(file, text);
  const command = `cat ${file}`;
  const rate = async (open: () => Promise<ReadableStream<Uint8Array>>) => {
    let count = 0;
    const took = await timeOf(async () => {
      for await (const bytes of await open()) count += bytes.length;
    });
    if (count < BYTES) throw new Error(`Cannot rate: ${count} bytes came`);
    return BYTES / 1_048_576 / took * 1000;
  };
  const rates = middles(
    await inTurn({
      ours: () => rate(() => follow(origin, command)),
      pipe: () => rate(() => Promise.resolve(pipe(command))),
    }, ROUNDS),
  );
  const before = await residentMiB(pid);
  return [
    {
      name: "streamed exec of lines of text, MiB/s",
      ours: rates.ours.toFixed(0),
      floor: `${rates.pipe.toFixed(0)} raw pipe`,
      ratio: `${(rates.ours / rates.pipe).toFixed(2)} ×`,
      target: "≥ 200",
      met: rates.ours >= 200,
    },
    memoryRow({
      name: "most memory beside a slow reader of a stream",
      before: [before, "before"],
      after: await mostBesideSlowReader(origin, pid),
      mostMiB: 32,
    }),
  ];
}

const HEADERS = {
  "content-type": "application/json",
  accept: "text/event-stream",
};

const bodyOf = (command: string) =>
  JSON.stringify({ command, maxBufferBytes: BYTES });

async function follow(origin: string, command: string) {
  const body = bodyOf(command);
  const init = { method: "POST", headers: HEADERS, body };
  const { body: events } = await fetch(`${origin}/v1/exec`, init);
  if (events === null) throw new Error("Cannot rate: there are no events");
  return events;
}

function pipe(command: string): ReadableStream<Uint8Array> {
  const args = ["-c", command];
  return new Deno.Command("/bin/sh", { args, stdout: "piped" }).spawn().stdout;
}

async function mostBesideSlowReader(
  origin: string,
  pid: number,
): Promise<number> {
  const { host, port } = new URL(origin);
  using connection = await RawConnection.open(Number(port));
  await connection.send(rawRequest({
    line: "POST /v1/exec HTTP/1.1",
    headers: [
      `Host: ${host}`,
      ...Object.entries(HEADERS).map((it) => it.join(": ")),
    ],
    body: bodyOf("yes"),
  }));
  let most = 0;
  for (let piece = 0; piece < SLOW.pieces; piece++) {
    await connection.read(SLOW.bytes);
    most = Math.max(most, await residentMiB(pid));
    await new Promise((resolve) => setTimeout(resolve, SLOW.pauseMs));
  }
  return most;
}
