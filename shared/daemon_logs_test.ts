import { assert, assertEquals } from "@std/assert";
import { DaemonLogs } from "./daemon_logs.ts";
import { createLogger } from "./log.ts";
import { Redactor } from "./redact.ts";
import { RotatingFile } from "./rotating_file.ts";
import { FakeClock } from "./testing/fake_clock.ts";
import { tempDir } from "./testing/fakes.ts";

const SERVICES = ["conductor", "codexd"] as const;
type Service = typeof SERVICES[number];

const SECRET = "a-secret-of-the-owner-4711";

/** Both services' logs in a folder, as their daemons write them. */
function rig(logsDir: string, options: { readonly maxBytes?: number } = {}) {
  const clock = new FakeClock();
  const files: Partial<Record<Service, RotatingFile>> = {};
  const start = (service: Service) => {
    const folder = `${logsDir}/${service}`;
    files[service]?.[Symbol.dispose]();
    files[service] = new RotatingFile({
      folder,
      family: service,
      clock,
      ...options,
    });
  };
  for (const service of SERVICES) start(service);
  const sinks = (service: Service) => ({
    write: (line: string) => files[service]?.write(line, true),
  });
  const redactor = new Redactor();
  const [conductor, codexd] = SERVICES.map((service) =>
    createLogger({ level: "debug", clock, redactor, sink: sinks(service) })
  );
  assert(conductor !== undefined && codexd !== undefined);
  return {
    clock,
    restart: start,
    log: { conductor, codexd },
    logs: new DaemonLogs({
      logsDir,
      services: SERVICES,
      redactor: new Redactor([SECRET]),
    }),
    [Symbol.dispose]() {
      for (const file of Object.values(files)) file[Symbol.dispose]();
    },
  };
}

const messages = (part: Awaited<ReturnType<DaemonLogs["read"]>>) =>
  part.entries.map(({ message }) => message);

Deno.test("DaemonLogs shows the last lines of both services, by their time, and goes on behind any of them", async () => {
  await using dir = await tempDir();
  using it = rig(dir.path);
  const { log, clock, logs } = it;
  for (let n = 0; n < 5; n++) {
    log.conductor.info(`conductor ${n}`, { request_id: `req_${n}`, n });
    await clock.advance(10);
    log.codexd.warn(`codexd ${n}`, { request_id: `req_${n}` });
    await clock.advance(10);
  }
  const whole = await logs.read({ limit: 200 });
  assertEquals(
    messages(whole),
    Array.from({ length: 5 }, (_, n) => [`conductor ${n}`, `codexd ${n}`])
      .flat(),
  );
  const { places: _, ...first } = whole.entries[0] ?? {};
  assertEquals(first, {
    service: "conductor",
    time: "2026-01-01T00:00:00.000Z",
    level: "info",
    message: "conductor 0",
    request_id: "req_0",
    fields: { n: 0 },
  });
  assertEquals(messages(await logs.read({ limit: 3 })), [
    "codexd 3",
    "conductor 4",
    "codexd 4",
  ]);
  for (const [index, { places: after }] of whole.entries.entries()) {
    const rest = await logs.read({ limit: 200, after });
    assertEquals(messages(rest), messages(whole).slice(index + 1));
    assertEquals(rest.hasMore, false);
    const next = await logs.read({ limit: 1, after });
    assertEquals(messages(next), messages(whole).slice(index + 1, index + 2));
    assertEquals(next.hasMore, index < 8);
  }
  const filtered = async (query: Partial<Parameters<typeof logs.read>[0]>) => {
    const tail = messages(await logs.read({ limit: 200, ...query }));
    const after = await logs.begins();
    assertEquals(
      messages(await logs.read({ limit: 200, after, ...query })),
      tail,
    );
    return tail;
  };
  assertEquals(await filtered({ request_id: "req_3" }), [
    "conductor 3",
    "codexd 3",
  ]);
  assertEquals((await filtered({ level: "warn" })).length, 5);
  assertEquals(await filtered({ level: "error" }), []);
  log.codexd.error("of a field", { seen: { level: "info", message: "no" } });
  await clock.advance(1000);
  assertEquals(await filtered({ level: "error" }), ["of a field"]);
  // A field of its own name stands before, and a nested one behind it.
  log.codexd.info("own", { level: "error", seen: { level: "error" } });
  log.codexd.error("worse", { level: "info", seen: { level: "debug" } });
  assertEquals(await filtered({ level: "error" }), ["of a field", "worse"]);
  assertEquals(
    await filtered({ services: ["codexd"], request_id: "req_1" }),
    ["codexd 1"],
  );
});

Deno.test("DaemonLogs goes on behind any line, whatever its clock was set to", async () => {
  await using dir = await tempDir();
  using it = rig(dir.path);
  const { log, clock, logs } = it;
  const written: string[] = [];
  const say = async (service: Service) => {
    const message = `${service} ${written.length}`;
    log[service].info(message);
    written.push(message);
    await clock.advance(10);
  };
  await say("conductor");
  clock.set(30 * 365 * 86_400_000);
  for (let n = 0; n < 3; n++) await say("conductor");
  clock.set(-60 * 365 * 86_400_000);
  for (let n = 0; n < 6; n++) await say(n % 2 === 0 ? "codexd" : "conductor");
  for (let limit = 1; limit <= 11; limit++) {
    const tail = await logs.read({ limit });
    assertEquals(tail.entries.length, Math.min(limit, 10));
    for (const [index, { places: after }] of tail.entries.entries()) {
      const rest = messages(await logs.read({ limit: 20, after }));
      const whole = [...messages(tail).slice(0, index + 1), ...rest];
      for (const service of SERVICES) {
        const of = (all: string[]) =>
          all.filter((it) => it.startsWith(service));
        const shown = of(messages(tail)).length;
        const last = of(written).slice(of(written).length - shown);
        assertEquals(of(whole), last, `${limit} ${index}`);
      }
    }
  }
});

Deno.test("DaemonLogs reads nothing where no service has run, and what comes then", async () => {
  await using dir = await tempDir();
  const logs = new DaemonLogs({
    logsDir: dir.join("none"),
    services: SERVICES,
    redactor: new Redactor(),
  });
  const empty = await logs.read({ limit: 20 });
  assertEquals([empty.entries, empty.hasMore], [[], false]);
  using it = rig(dir.join("none"));
  it.log.codexd.info("the first one");
  const next = await logs.read({ limit: 20, after: empty.places });
  assertEquals(messages(next), ["the first one"]);
});

Deno.test("DaemonLogs shows garbage, cut and too long lines as such, and hides secrets once more", async () => {
  await using dir = await tempDir();
  using it = rig(dir.path);
  const path = dir.join("conductor/conductor.000000000000.jsonl");
  const add = (text: string) =>
    Deno.writeTextFile(path, text, { append: true });
  it.log.conductor.info("before");
  await add(`{"time":"2026-01-01T00:00:00.000Z","level":"error","message":"cu`);
  it.log.conductor.info("behind a cut one");
  await add(`garbage with ${SECRET} in it ${"\u001b[31m".repeat(20)}\n`);
  await add("\0".repeat(100) + "\n" + "x".repeat(10_000_000) + "\n");
  await add(
    `${JSON.stringify({ time: 7, message: {}, padding: "p".repeat(90) })}\n`,
  );
  await add(`${
    JSON.stringify({
      time: "2026-01-01T00:00:00.000Z",
      level: "loud",
      message: `token=${SECRET}`,
      request_id: 7,
      authorization: `Bearer ${SECRET}`,
    })
  }\n`);
  await Deno.writeFile(path, new Uint8Array(80).fill(0xff), { append: true });
  await add(`\n${" ".repeat(80)}"level":"debug", cut\n`);
  it.log.conductor.info("after");
  await add(`{"time":"not yet ended`);
  const after = await it.logs.begins();
  const part = await it.logs.read({ limit: 200, after });
  assertEquals(
    part.entries.map(({ level, message }) => [level, message.slice(0, 21)]),
    [
      ["info", "before"],
      ["warn", "Cannot read this line"],
      ["info", "behind a cut one"],
      ["warn", "Cannot read this line"],
      ["warn", "Cannot read this line"],
      ["warn", "Cannot read this line"],
      ["warn", "Cannot read this line"],
      ["warn", "token=***"],
      ["warn", "Cannot read this line"],
      ["warn", "Cannot read this line"],
      ["info", "after"],
    ],
  );
  assertEquals(part.entries[5]?.fields, { bytes: 10_000_001 });
  assert(part.entries.every(({ time }) => time === "2026-01-01T00:00:00.000Z"));
  const tail = await it.logs.read({ limit: 200 });
  assertEquals(messages(tail), messages(part));
  const warned = await it.logs.read({ limit: 200, level: "warn" });
  assertEquals(warned.entries.length, 8);
  assertEquals(JSON.stringify([part, tail]).includes(SECRET), false);
  // The line that had not ended becomes one of two, and is not lost.
  it.log.conductor.info("at last");
  await add(`{"time":"of no length"\n`);
  assertEquals(
    messages(await it.logs.read({ limit: 9, after: tail.places })),
    ["at last"],
  );
});

Deno.test("DaemonLogs neither skips nor repeats a line, through rotation, restarts and kills", async () => {
  await using dir = await tempDir();
  using it = rig(dir.path, { maxBytes: 2000 });
  let random = 4711;
  const upTo = (n: number) => {
    random = (random * 48271) % 0x7fffffff;
    return random % n;
  };
  const written: string[] = [];
  const read: string[] = [];
  let after = (await it.logs.read({ limit: 1 })).places;
  const poll = async () => {
    const part = await it.logs.read({ limit: 1 + upTo(9), after });
    read.push(...messages(part).filter((it) => it.startsWith("line")));
    // Either the place behind the last entry, or how far it came.
    after = part.entries.at(-1)?.places ?? part.places;
    return part;
  };
  for (let n = 0; n < 600; n++) {
    const service = SERVICES[upTo(2)] ?? "codexd";
    const message = `line ${n} ${"y".repeat(upTo(200))}`;
    it.log[service].info(message);
    written.push(message);
    if (upTo(10) === 0) await it.clock.advance(upTo(3));
    if (upTo(40) === 0) it.restart(service);
    if (upTo(50) === 0) {
      const [newest] = [...Deno.readDirSync(dir.join(service))]
        .map(({ name }) => name).sort().reverse();
      await Deno.writeTextFile(
        dir.join(`${service}/${newest}`),
        `{"cut":"${"z".repeat(upTo(300))}`,
        { append: true },
      );
    }
    if (upTo(4) === 0) await poll();
  }
  while ((await poll()).entries.length > 0);
  assertEquals(read.toSorted(), written.toSorted());
});
