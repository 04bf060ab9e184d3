import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { systemClock } from "../../shared/clock.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { until } from "../../shared/testing/until.ts";
import { EventLog } from "./event_log.ts";

const WRITER = fromFileUrl(import.meta.resolve("../testing/event_writer.ts"));
/** Of an event: a file is full with it, and writing it takes some milliseconds. */
const CHARS = 32_000_000;

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((it) => it.name).sort();
}

/**
 * Has a process write events, each in a file of its own, and kills it while it
 * writes the one behind `files` whole ones. Returns the last number it told.
 */
async function killWhileWriting(folder: string, files: number) {
  const before = filesIn(folder).length;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", WRITER, folder, `${CHARS}`],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const told = new Response(child.stdout).text();
  await until(
    () => {
      const name = filesIn(folder)[before + files];
      return name === undefined ? 0 : Deno.statSync(join(folder, name)).size;
    },
    (size) => size > 0,
    { everyMs: 1 },
  );
  child.kill("SIGKILL");
  assertEquals((await child.status).signal, "SIGKILL");
  return Number((await told).trim().split("\n").at(-1));
}

Deno.test("EventLog has every event that it told of after a kill -9 in the middle of a write", async () => {
  await using dir = await tempDir();
  let cuts = 0;
  const short: number[] = [];
  for (let round = 0; round < 20 && cuts < 2; round++) {
    const told = await killWhileWriting(dir.path, cuts * 2);
    const newest = await Deno.readTextFile(
      dir.join(filesIn(dir.path).at(-1) ?? ""),
    );
    if (!newest.endsWith("\n")) cuts++;
    using log = new EventLog({
      folder: dir.path,
      clock: systemClock,
      maxAgeMs: Infinity,
      maxEvents: Infinity,
      maxBytes: Infinity,
      onError(error) {
        throw error;
      },
    });
    assertEquals(log.lastSeq >= told, true, `${log.lastSeq} of ${told}`);
    log.append([
      { session_id: "s", turn_id: null, type: "warning", data: { text: "" } },
    ]);
    short.push(log.lastSeq);
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const batch of log.follow(0, stop.signal)) {
      for (const { json } of batch) {
        const { seq, data } = JSON.parse(json);
        assertEquals(data.text?.length, short.includes(seq) ? 0 : CHARS);
        seen.push(seq);
      }
      if (seen.length >= log.lastSeq) stop.abort();
    }
    assertEquals(seen, Array.from(seen, (_, index) => index + 1));
  }
  assertEquals(cuts, 2);
});
