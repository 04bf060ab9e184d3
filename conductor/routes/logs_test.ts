import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import { createLogger, type Logger } from "../../shared/log.ts";
import { Redactor } from "../../shared/redact.ts";
import { RotatingFile } from "../../shared/rotating_file.ts";
import type { Json } from "../../shared/testing/json.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

const TOKEN = "the-owner-4711-x9k2";

/** A conductor, and the logs of both daemons beside it. */
async function rig(env: Readonly<Record<string, string>> = {}) {
  const it = await testConductor(env);
  const files: RotatingFile[] = [];
  // No two lines at one time: their order would be open.
  let time = Date.UTC(2026, 0, 1);
  const clock = { ...systemClock, now: () => time++ };
  const open = (family: string, maxBytes = 2000): Logger => {
    const folder = `${it.folder}/logs/${family}`;
    const file = new RotatingFile({ folder, family, maxBytes });
    files.push(file);
    return createLogger({
      level: "debug",
      clock,
      redactor: new Redactor(),
      sink: { write: (line) => file.write(line, true) },
    });
  };
  return {
    ...it,
    open,
    log: { conductor: open("conductor"), codexd: open("codexd") },
    async [Symbol.asyncDispose]() {
      for (const file of files) file[Symbol.dispose]();
      await it[Symbol.asyncDispose]();
    },
  };
}

function logs({ server }: TestServer, query = ""): Promise<Json> {
  return server.data("GET", `/v1/logs${query}`);
}

type TestServer = Pick<TestConductor, "server">;

const messages = (entries: Json[]): string[] =>
  entries.map(({ message }) => message);

Deno.test("GET /v1/logs shows both daemons' last lines, filtered by service, level and request", async () => {
  await using it = await rig();
  const empty = await logs(it);
  assertEquals([empty.entries, empty.last_seq, empty.gap], [[], 0, null]);
  it.log.conductor.info("one", { request_id: "req_1", n: 1 });
  it.log.codexd.error("two", { request_id: "req_1" });
  it.log.conductor.warn("three");
  const { entries, count, last_seq, next_cursor, gap } = await logs(it);
  assertEquals([messages(entries), count], [["one", "two", "three"], 3]);
  assertEquals([next_cursor, gap, last_seq], [null, null, entries[2].seq]);
  const { seq: _, time: __, ...first } = entries[0];
  assertEquals(first, {
    service: "conductor",
    level: "info",
    message: "one",
    request_id: "req_1",
    fields: { n: 1 },
  });
  for (
    const [query, expected] of [
      ["service=codexd", ["two"]],
      ["service=conductor", ["one", "three"]],
      ["level=warn", ["two", "three"]],
      ["level=error", ["two"]],
      ["request_id=req_1", ["one", "two"]],
      ["tail=2", ["two", "three"]],
      ["limit=1", ["three"]],
      ["after=0&limit=1", ["one"]],
      [`after=${entries[0].seq}&level=warn`, ["two", "three"]],
      [`after=${last_seq}`, []],
    ] as const
  ) {
    const part = await logs(it, `?${query}`);
    assertEquals(messages(part.entries), [...expected], query);
    assert(part.last_seq > 0, query);
  }
  const text = await it.server.get("/v1/logs?format=text");
  assertEquals(text.headers.get("x-last-seq"), `${last_seq}`);
  const [line = ""] = (await text.text()).split("\n");
  assertEquals(line.slice(24), " INFO  conductor one request_id=req_1 n=1");
});

Deno.test("GET /v1/logs refuses what it does not know, in words", async () => {
  await using it = await rig();
  for (
    const query of [
      "service=nginx",
      "service=status-api",
      "level=loud",
      "after=-1",
      "tail=0",
      "limit=201",
      "tail=1&after=1",
      "cursor=x",
      "wait_ms=55001",
      "since=1",
    ]
  ) {
    const response = await it.server.get(`/v1/logs?${query}`);
    const { error } = await response.json();
    assertEquals([response.status, error.code], [400, "INVALID_INPUT"], query);
  }
});

Deno.test("GET /v1/logs says what is allowed, and what was meant", async () => {
  await using it = await rig();
  const response = await it.server.get("/v1/logs?level=worn&service=nginx");
  const { error } = await response.json();
  assertEquals(error.details.issues, [
    { path: "service", message: "Must be one of conductor, codexd" },
    {
      path: "level",
      message: "Must be one of debug, info, warn, error; did you mean warn?",
    },
  ]);
});

Deno.test("GET /v1/logs is polled without loss or repetition while files rotate, and says what is gone", async () => {
  await using it = await rig();
  const written: string[] = [];
  const read: string[] = [];
  let { last_seq } = await logs(it);
  for (let n = 0; n < 200; n++) {
    const service = n % 3 === 0 ? "codexd" : "conductor";
    it.log[service].info(`line ${n}`, { padding: "x".repeat(n) });
    written.push(`line ${n}`);
    if (n % 5 !== 0) continue;
    // With a filter that finds nothing a reader comes on as well.
    const filter = n % 10 === 0 ? "&level=error" : "";
    const part = await logs(it, `?after=${last_seq}&limit=4${filter}`);
    if (filter !== "") continue;
    read.push(...messages(part.entries));
    assert(part.last_seq > last_seq);
    last_seq = part.last_seq;
  }
  while (true) {
    const part = await logs(it, `?after=${last_seq}&limit=50`);
    assertEquals(part.gap, null);
    assertEquals(part.next_cursor === null, part.count < 50);
    if (part.count === 0) break;
    read.push(...messages(part.entries));
    last_seq = part.last_seq;
  }
  assertEquals(read.toSorted(), written.toSorted());
  const [oldest] = [...Deno.readDirSync(`${it.folder}/logs/conductor`)]
    .map(({ name }) => name).sort();
  await Deno.remove(`${it.folder}/logs/conductor/${oldest}`);
  const { gap, entries } = await logs(it, "?after=0&service=conductor");
  assertEquals(gap.from_seq, 1);
  assert(gap.to_seq > 1 && gap.to_seq < entries[0].seq);
  assertEquals((await logs(it, "?after=0&service=codexd")).gap, null);
});

Deno.test("GET /v1/logs says that it does not show the files of an earlier version", async () => {
  await using it = await testConductor();
  const folder = `${it.folder}/logs/codexd`;
  await Deno.mkdir(folder, { recursive: true });
  const old = `{"time":"2026-01-01T00:00:00.000Z","message":"of old"}\n`;
  await Deno.writeTextFile(`${folder}/codexd-mini.0007.jsonl`, old.repeat(9));
  assertEquals((await logs(it, "?after=0")).gap, null, "nothing is behind it");
  using file = new RotatingFile({ folder, family: "codexd" });
  const time = "2026-01-02T00:00:00.000Z";
  const line = { pid: 4711, level: "info", message: "new", time };
  file.write(JSON.stringify(line), true);
  const { entries, gap } = await logs(it, "?after=0");
  assertEquals(messages(entries), ["new"]);
  assertEquals(gap.from_seq, 1);
  assert(gap.to_seq < entries[0].seq);
  assertEquals((await logs(it)).gap, null);
});

Deno.test("GET /v1/logs goes on where somebody has removed the logs, and says that they are gone", async () => {
  await using it = await rig();
  for (let n = 0; n < 9; n++) it.log.codexd.info(`before ${n}`);
  const { last_seq } = await logs(it);
  await Deno.remove(`${it.folder}/logs`, { recursive: true });
  it.open("codexd").info("after");
  const { entries, gap } = await logs(it, `?after=${last_seq}`);
  assertEquals(messages(entries), ["after"]);
  assertEquals(gap?.from_seq, last_seq + 1);
});

Deno.test("GET /v1/logs holds its answer until a line comes that is asked for", async () => {
  await using it = await rig();
  const { last_seq } = await logs(it);
  const query = `?after=${last_seq}&level=error&wait_ms=20000`;
  const held = logs(it, query);
  const first = await Promise.race([
    held.then(() => "answered"),
    logs(it, `?after=${last_seq}&wait_ms=250`).then((it) => it.count),
  ]);
  assertEquals(first, 0);
  it.log.codexd.info("not that one");
  it.log.codexd.error("that one");
  assertEquals(messages((await held).entries), ["that one"]);
  // One that is held when the daemon stops is answered.
  const last = logs(it, "?level=error&request_id=none&wait_ms=20000");
  await logs(it);
  it.daemon.quiesce();
  assertEquals((await last).entries, []);
});

Deno.test("GET /v1/logs is the owner's, in the local zone, and hides the token", async () => {
  await using it = await rig({ BAA_SHARED_TOKEN: TOKEN });
  it.log.conductor.error(`Said ${TOKEN}`, { note: TOKEN });
  const get = (headers: Record<string, string>) =>
    it.server.send("GET", "/v1/logs", { headers });
  assertEquals((await get({})).status, 401);
  const authorization = `Bearer ${TOKEN}`;
  const response = await get({ authorization });
  assertEquals(response.status, 200);
  const body = await response.text();
  assertStringIncludes(body, "Said ***");
  assertEquals(body.includes(TOKEN), false);
});
