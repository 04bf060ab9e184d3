import { assertEquals } from "@std/assert";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { EventLog } from "./event_log.ts";
import type { NewEvent } from "./event_line.ts";

function open(
  folder: string,
  options: Partial<ConstructorParameters<typeof EventLog>[0]> = {},
) {
  return new EventLog({
    folder,
    clock: new FakeClock(),
    maxBytes: 1_000_000,
    segmentBytes: 100_000,
    maxAgeMs: 1e15,
    maxEvents: 1_000_000,
    onError(error) {
      throw error;
    },
    ...options,
  });
}

const event = (text: string): NewEvent => ({
  session_id: "s",
  turn_id: null,
  type: "warning",
  data: { text },
});

interface Seen {
  readonly seq: number;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** Reads `count` events behind `after`. */
async function take(log: EventLog, after: number, count: number) {
  const stop = new AbortController();
  const seen: Seen[] = [];
  for await (const batch of log.follow(after, stop.signal)) {
    seen.push(...batch.map((it) => JSON.parse(it.json)));
    if (seen.length >= count) stop.abort();
  }
  return seen.slice(0, count);
}

const seqs = (events: readonly Seen[]) => events.map((it) => it.seq);

Deno.test("EventLog numbers go on when it is opened again, without a hole and without being closed", async () => {
  await using dir = await tempDir();
  using first = open(dir.path);
  first.append([event("a"), event("b")]);
  using second = open(dir.path);
  second.append([event("c")]);
  assertEquals(seqs(await take(second, 0, 3)), [1, 2, 3]);
});

Deno.test("EventLog passes over a line that a kill has cut", async () => {
  await using dir = await tempDir();
  {
    using log = open(dir.path);
    log.append([event("a"), event("b")]);
  }
  const path = dir.join("events-0000000000000001.jsonl");
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.slice(0, -5));
  using log = open(dir.path);
  log.append([event("c")]);
  const seen = await take(log, 0, 2);
  assertEquals(seen.map((it) => [it.seq, it.data.text]), [[1, "a"], [2, "c"]]);
});

Deno.test("EventLog.follow() hands over what comes while it waits", async () => {
  await using dir = await tempDir();
  using log = open(dir.path);
  const reading = take(log, 0, 2);
  log.append([event("a")]);
  await new Promise((resolve) => setTimeout(resolve, 0));
  log.append([event("b")]);
  assertEquals(seqs(await reading), [1, 2]);
});

Deno.test("EventLog.follow() reads from disk what memory has lost, then goes on live", async () => {
  await using dir = await tempDir();
  using log = open(dir.path, { maxBytes: 1e9 });
  for (let i = 0; i < 10; i++) {
    log.append(Array.from({ length: 1000 }, (_, n) => event(`${i}-${n}`)));
  }
  const reading = take(log, 5, 10_000);
  log.append(Array.from({ length: 5 }, () => event("late")));
  const seen = await reading;
  assertEquals(seqs(seen), Array.from({ length: 10_000 }, (_, n) => n + 6));
});

Deno.test("EventLog keeps within its bytes and tells a gap for what it dropped", async () => {
  await using dir = await tempDir();
  const limits = { maxBytes: 20_000, segmentBytes: 5000 };
  {
    using log = open(dir.path, limits);
    for (let i = 0; i < 500; i++) log.append([event("x".repeat(50))]);
  }
  using log = open(dir.path, limits);
  let bytes = 0;
  for await (const { name } of Deno.readDir(dir.path)) {
    bytes += (await Deno.stat(dir.join(name))).size;
  }
  assertEquals(bytes <= 26_000, true, `${bytes}`);
  const [gap, next] = await take(log, 3, 2);
  assertEquals(gap?.type, "gap");
  assertEquals(gap?.data, { from_seq: 4, to_seq: log.firstSeq - 1 });
  assertEquals([gap?.seq, next?.seq], [log.firstSeq - 1, log.firstSeq]);
});

Deno.test("EventLog keeps within its number of events and within its age", async () => {
  await using dir = await tempDir();
  const clock = new FakeClock(Date.now());
  const limits = {
    clock,
    segmentBytes: 1000,
    maxEvents: 50,
    maxAgeMs: 3_600_000,
  };
  {
    using log = open(dir.path, limits);
    for (let i = 0; i < 200; i++) log.append([event("x")]);
  }
  using log = open(dir.path, limits);
  assertEquals(log.lastSeq - log.firstSeq < 70, true, `${log.firstSeq}`);
  await clock.advance(3_700_000);
  log.removeOld();
  assertEquals(
    [...Deno.readDirSync(dir.path)].length,
    1,
    "the segment that is written stays",
  );
});

Deno.test("EventLog.follow() tells a gap when it is asked for numbers that were never given", async () => {
  await using dir = await tempDir();
  using log = open(dir.path);
  log.append([event("a")]);
  const reading = take(log, 900, 2);
  await new Promise((resolve) => setTimeout(resolve, 0));
  log.append([event("b")]);
  const [gap, next] = await reading;
  assertEquals([gap?.type, gap?.seq, next?.seq], ["gap", 1, 2]);
  assertEquals(gap?.data, { from_seq: 2, to_seq: 900 });
});

Deno.test("EventLog goes on for who listens when the disk refuses", async () => {
  await using dir = await tempDir();
  const errors: unknown[] = [];
  using log = open(dir.join("events"), {
    onError: (error) => errors.push(error),
  });
  await Deno.remove(dir.join("events"), { recursive: true });
  await Deno.writeTextFile(dir.join("events"), "a file in the way");
  log.append([event("a")]);
  assertEquals(errors.length, 1);
  assertEquals(seqs(await take(log, 0, 1)), [1]);
});

Deno.test("EventLog numbers go on behind lines that cannot be read", async () => {
  await using dir = await tempDir();
  {
    using log = open(dir.path);
    log.append([event("a"), event("b")]);
  }
  const path = dir.join("events-0000000000000001.jsonl");
  await Deno.writeTextFile(path, "garbage\n{}\n", { append: true });
  using log = open(dir.path);
  assertEquals(log.lastSeq, 2);
  log.append([event("c")]);
  assertEquals(seqs(await take(log, 1, 2)), [2, 3]);
});

Deno.test("EventLog begins a new file every day, so that quiet times grow old too", async () => {
  await using dir = await tempDir();
  const clock = new FakeClock(Date.now());
  using log = open(dir.path, { clock });
  for (let day = 0; day < 3; day++) {
    log.append([event("x"), event("y")]);
    await clock.advance(86_400_000);
  }
  assertEquals([...Deno.readDirSync(dir.path)].map((it) => it.name).sort(), [
    "events-0000000000000001.jsonl",
    "events-0000000000000003.jsonl",
    "events-0000000000000005.jsonl",
  ]);
});

Deno.test("EventLog.follow() tells a gap for what is missing in the middle", async () => {
  await using dir = await tempDir();
  {
    using log = open(dir.path);
    log.append(["a", "b", "c", "d", "e"].map(event));
  }
  const path = dir.join("events-0000000000000001.jsonl");
  const lines = (await Deno.readTextFile(path)).split("\n");
  await Deno.writeTextFile(path, lines.toSpliced(1, 2, "garbage").join("\n"));
  using log = open(dir.path);
  const seen = await take(log, 0, 4);
  assertEquals(seen.map((it) => it.type), [
    "warning",
    "gap",
    "warning",
    "warning",
  ]);
  assertEquals(seqs(seen), [1, 3, 4, 5]);
  assertEquals(seen[1]?.data, { from_seq: 2, to_seq: 3 });
});

Deno.test("EventLog.follow() ends a resume that the disk has nothing for with a gap", async () => {
  await using dir = await tempDir();
  {
    using log = open(dir.path);
    log.append(["a", "b", "c"].map(event));
  }
  using log = open(dir.path);
  await Deno.remove(dir.join("events-0000000000000001.jsonl"));
  const reading = take(log, 1, 2);
  await new Promise((resolve) => setTimeout(resolve, 0));
  log.append([event("d")]);
  const [gap, next] = await reading;
  assertEquals([gap?.type, gap?.data], ["gap", { from_seq: 2, to_seq: 3 }]);
  assertEquals([gap?.seq, next?.seq], [3, 4]);
});

Deno.test("EventLog files are their owner's alone", async () => {
  await using dir = await tempDir();
  using log = open(dir.join("events"), { segmentBytes: 1 });
  for (const text of ["a", "b"]) log.append([event(text)]);
  const files = [...Deno.readDirSync(dir.join("events"))].map((it) => it.name);
  assertEquals(files.length, 2);
  for (const name of files) {
    const { mode } = await Deno.stat(dir.join(`events/${name}`));
    assertEquals((mode ?? 0) & 0o777, 0o600);
  }
  assertEquals(
    ((await Deno.stat(dir.join("events"))).mode ?? 0) & 0o777,
    0o700,
  );
});
