/** What reads messages of the browser and of Codex. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { z } from "zod";
import { eventLine } from "../../../codexd/sessions/event_line.ts";
import {
  type NotificationPorts,
  understand,
} from "../../../codexd/sessions/notifications.ts";
import { snakeCase } from "../../../codexd/sessions/wire.ts";
import { FakeSocket } from "../../../conductor/browser/testing/fake_socket.ts";
import { createRig } from "../../../conductor/browser/testing/rig.ts";
import { type Parser, parser } from "./run_parser.ts";
import { anyText, jsonValues, texts, thrownBy } from "./texts.ts";

/** An object with some of its fields left out, or of another kind. */
function nearlyRecord(
  fields: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  required: readonly string[] = [],
): fc.Arbitrary<Record<string, unknown>> {
  const doubtful = Object.entries(fields).map(([name, value]) => [
    name,
    fc.oneof({ weight: 12, arbitrary: value }, {
      weight: 1,
      arbitrary: jsonValues,
    }),
  ]);
  return fc.record(Object.fromEntries(doubtful), {
    requiredKeys: [...required],
    noNullPrototype: true,
  });
}

const word = fc.constantFrom("a", "site", "GET", "/v1/:id", "x".repeat(300));
const name = fc.oneof(word, anyText);
const ids = fc.constantFrom("r-1", "1", "a.b:c", "no id", "");
const count = fc.oneof(
  fc.nat({ max: 1_000 }),
  fc.constantFrom(-1, 0.5, 1e300, 2 ** 53, 8.64e15),
);
const time = fc.oneof(count, fc.constant("2026-01-01T00:00:00Z"), name);
const list = (it: fc.Arbitrary<unknown>) => fc.array(it, { maxLength: 3 });
const failure = nearlyRecord({ code: name, message: name }, ["code"]);
const head = {
  status: fc.constantFrom(200, 302, 404, 99, 600),
  headers: fc.dictionary(name, name, { maxKeys: 3 }),
  url: fc.constantFrom("http://127.0.0.1:8080/me", "x:", ""),
  tabId: count,
};

/** The messages of the contract by their type; see `contract.ts`. */
const FRAMES: Readonly<Record<string, Record<string, fc.Arbitrary<unknown>>>> =
  {
    hello: { protocol: count, clientId: ids },
    client_info: {
      extensionVersion: name,
      browser: nearlyRecord({ name, version: name }),
      platform: name,
      capabilities: list(name),
    },
    tabs: {
      tabs: list(nearlyRecord({ id: count, url: name, title: name }, ["id"])),
      containers: list(nearlyRecord({ cookieStore: name, name })),
    },
    credentials: {
      credentials: list(nearlyRecord({
        platform: name,
        host: name,
        header: name,
        name,
        fingerprint: fc.constantFrom("0123abcd", "xyz"),
        length: count,
        capturedAt: time,
        seenAt: time,
        loggedOut: fc.boolean(),
      }, ["host", "header", "fingerprint", "length"])),
    },
    api_endpoints: {
      endpoints: list(nearlyRecord({
        host: name,
        method: name,
        path: name,
        lastSeenAt: time,
      }, ["host", "method", "path"])),
    },
    action_request: {
      id: ids,
      action: fc.constantFrom("pause", "resume", "drain", "stop"),
      reason: name,
    },
    api_response: { id: ids, ...head, body: name, error: failure },
    body_chunk: {
      id: ids,
      seq: count,
      last: fc.boolean(),
      data: fc.constantFrom("", "YQ==", "?"),
    },
    stream_open: { id: ids, ...head },
    stream_event: { id: ids, seq: count, chunk: name },
    stream_end: { id: ids },
    stream_error: { id: ids, code: name, message: name },
    client_log: { level: fc.constantFrom("debug", "info"), message: name },
    pong: {},
    action_status: {
      id: ids,
      action: name,
      ok: fc.boolean(),
      result: jsonValues,
    },
  };
const messages = fc.oneof(
  ...Object.entries(FRAMES).map(([type, fields]) =>
    nearlyRecord(fields, Object.keys(fields).slice(0, 1))
      .map((it) => ({ type, ...it }))
  ),
);
const FRAME_PIECES = [
  ...Object.keys(FRAMES).map((it) => `"${it}"`),
  '"type":',
  '"id":"a"',
  "{",
  "}",
  "[",
  "]",
  ",",
  "null",
  "1e999",
];
const frames = fc.oneof(
  { weight: 2, arbitrary: messages.map((it) => JSON.stringify(it)) },
  {
    weight: 1,
    arbitrary: texts(messages.map((it) => JSON.stringify(it)), FRAME_PIECES),
  },
);

/** A rig keeps what each browser said, and no browser stays for a million. */
const INPUTS_A_RIG = 2_000;

const browserFrame: Parser = parser("browser-frame", () => {
  let rig = createRig();
  let inputs = 0;
  return {
    inputs: fc.tuple(fc.boolean(), fc.array(frames, { maxLength: 4 })),
    check([isGreeted, said], stopwatch) {
      if (++inputs % INPUTS_A_RIG === 0) rig = createRig();
      let socket = new FakeSocket();
      if (isGreeted) socket = rig.connect();
      else rig.browser.bridge.open(socket, {});
      for (const frame of said) stopwatch.time(() => socket.frame(frame));
      const failed = rig.log.lines.find(({ level }) => level === "error");
      assertEquals(failed, undefined, "no frame fails its handler");
      if (socket.closedWith === undefined && isGreeted) {
        const before = socket.heard("error").length;
        socket.frame("no JSON");
        assertEquals(socket.heard("error").length, before + 1, "it goes on");
      }
      JSON.stringify(rig.browser.viewer.view({}));
      socket.drop();
      for (const kept of [rig.log.lines, rig.events]) kept.length = 0;
    },
  };
});

const thread = nearlyRecord({ id: ids, preview: name, createdAt: time });
const items = nearlyRecord({
  id: ids,
  type: fc.constantFrom("agentMessage", "fileChange", "newThing"),
  text: name,
  changes: jsonValues,
  arguments: jsonValues,
}, ["id", "type"]);
const turn = nearlyRecord({
  id: ids,
  status: fc.constantFrom("inProgress", "completed", "failed", "odd"),
  items: list(items),
  rootTurnId: ids,
  error: nearlyRecord({ message: name, codexErrorInfo: jsonValues }),
  startedAt: time,
  completedAt: time,
  durationMs: count,
}, ["id"]);
const params = nearlyRecord({
  threadId: ids,
  turnId: ids,
  thread,
  turn,
  item: items,
  itemId: ids,
  delta: name,
  status: nearlyRecord({ type: fc.constantFrom("idle", "notLoaded") }),
  threadName: name,
  tokenUsage: nearlyRecord({
    total: nearlyRecord({ inputTokens: count, totalTokens: count }),
    last: nearlyRecord({ inputTokens: count }),
  }),
  rateLimits: jsonValues,
  requestId: fc.oneof(ids, count),
  error: nearlyRecord({ message: name }),
  willRetry: fc.boolean(),
}, ["threadId", "turnId", "turn", "item", "itemId", "delta", "willRetry"]);
const methods = fc.oneof(
  { weight: 1, arbitrary: anyText },
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      "thread/started",
      "thread/status/changed",
      "thread/name/updated",
      "thread/closed",
      "turn/started",
      "turn/completed",
      "turn/plan/updated",
      "item/started",
      "item/completed",
      "item/agentMessage/delta",
      "thread/tokenUsage/updated",
      "account/rateLimits/updated",
      "account/updated",
      "serverRequest/resolved",
      "error",
      "warning",
      "constructor",
    ),
  },
);

/** codexd, in which every turn is known and runs. */
function portsOf(): NotificationPorts {
  const active = { patches: new Map() };
  const completed = { session_id: null, turn_id: null, type: "codex.x" };
  return {
    turns: { running: () => active },
    index: { update() {} },
    loader: { get: () => ({}), forget() {} },
    approvals: { resolved() {} },
    turnStarted() {},
    tokensTold() {},
    turnCompleted: () => ({ ...completed, data: {} }),
    accountChanged() {},
    limitsTold() {},
  } as unknown as NotificationPorts;
}

const codexNotification: Parser = parser("codex-notification", () => ({
  inputs: fc.tuple(
    methods,
    fc.oneof({ weight: 12, arbitrary: params }, {
      weight: 1,
      arbitrary: jsonValues,
    }),
  ),
  check([method, params], stopwatch) {
    const kind = "notification";
    const { event, note } = stopwatch.time(() =>
      understand({ kind, method, params })
    );
    for (const id of [event.session_id, event.turn_id]) {
      assert(id === null || typeof id === "string");
    }
    const { json } = stopwatch.time(() =>
      eventLine(event, { seq: 1, at: "2026-01-01T00:00:00.000Z" })
    );
    assert(!json.includes("\n") && JSON.parse(json).type === event.type);
    const error = stopwatch.time(() => thrownBy(() => note?.(portsOf())));
    assert(error === undefined || error instanceof z.ZodError, String(error));
    const snake = stopwatch.time(() => snakeCase(params));
    assertEquals(snakeCase(snake), snake, "canonical");
  },
}));

export const MESSAGE_PARSERS: readonly Parser[] = [
  browserFrame,
  codexNotification,
];
