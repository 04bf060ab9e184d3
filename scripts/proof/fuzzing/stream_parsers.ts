/** What reads a stream, in whatever pieces it comes. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LineTransport } from "../../../codexd/rpc/mod.ts";
import {
  formatMessage,
  parseMessage,
  type RpcMessage,
} from "../../../codexd/rpc/rpc_message.ts";
import {
  type SiteEvent,
  SseParser,
} from "../../../conductor/browser/requests/sse_parser.ts";
import { encodeEvent } from "../../../shared/http/event_stream.ts";
import { LineSplitter, LineTooLong } from "../../../shared/lines.ts";
import { type Parser, parser } from "./run_parser.ts";
import { cut, cuts, jsonValues, soup, texts } from "./texts.ts";

const encoder = new TextEncoder();
const LINE_PIECES = [
  "\n",
  "\r\n",
  "\r",
  "a",
  "bc",
  "line",
  "\u00e9",
  "\u20ac",
  "\u{1f600}",
  " ",
];

/** Gives a splitter pieces; undefined when a line is too long for it. */
function linesOf(
  pieces: readonly (string | Uint8Array)[],
  limits: ConstructorParameters<typeof LineSplitter>[0],
): string[] | undefined {
  const splitter = new LineSplitter(limits);
  try {
    const lines = pieces.flatMap((it) => splitter.push(it));
    return [...lines, splitter.end()];
  } catch (error) {
    assert(error instanceof LineTooLong, String(error));
    return undefined;
  }
}

const lineSplitter: Parser = parser("line-splitter", () => ({
  inputs: fc.tuple(
    fc.oneof(
      texts(soup(LINE_PIECES), LINE_PIECES).map((it) => encoder.encode(it)),
      fc.uint8Array({ maxLength: 40 }),
    ),
    cuts,
    fc.integer({ min: 2, max: 12 }),
  ),
  check([bytes, places, maxChars], stopwatch) {
    const pieces = cut(bytes, places);
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const whole = decoder.decode(bytes).split("\n");
    const last = whole.pop() ?? "";
    const lines = whole.map((it) => it.replace(/\r$/, ""));
    const roomy = { maxChars: 1_000_000 };
    const split = stopwatch.time(() => linesOf(pieces, roomy));
    assertEquals(split, [...lines, last]);
    // Of a character that is cut off nothing counts before the end.
    const open = decoder.decode(bytes, { stream: true })
      .split("\n").at(-1)?.replace(/\r$/, "") ?? "";
    const isTooLong = [...lines, open].some((it) => it.length > maxChars);
    const strict = stopwatch.time(() => linesOf(pieces, { maxChars }));
    assertEquals(strict === undefined, isTooLong, "refused, however it comes");
    if (strict !== undefined) assertEquals(strict, split);
    const short = { maxChars, longLines: "cut" } as const;
    const parts = stopwatch.time(() => linesOf(pieces, short)) ?? [];
    assertEquals(parts, linesOf([bytes], short), "cut, however it comes");
    assertEquals(parts.join(""), [...lines, last].join(""), "nothing is lost");
    for (const it of parts.slice(0, -1)) {
      assert(it.length <= maxChars && it.isWellFormed());
    }
  },
}));

const ids = fc.oneof(
  fc.nat(),
  fc.string({ maxLength: 8 }),
);
const rpcMessages: fc.Arbitrary<RpcMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("request" as const),
    id: ids,
    method: fc.string({ maxLength: 12 }),
    params: jsonValues,
  }, { noNullPrototype: true }),
  fc.record({
    kind: fc.constant("notification" as const),
    method: fc.string({ maxLength: 12 }),
    params: jsonValues,
  }, { noNullPrototype: true }),
  fc.record({
    kind: fc.constant("result" as const),
    id: ids,
    result: jsonValues,
  }, { noNullPrototype: true }),
  fc.record({
    kind: fc.constant("error" as const),
    id: ids,
    error: fc.record({
      code: fc.integer(),
      message: fc.string({ unit: "binary", maxLength: 20 }),
    }, { noNullPrototype: true }),
  }, { noNullPrototype: true }),
);
const RPC_PIECES = [
  '"id":1',
  '"method":"x"',
  '"params":{}',
  '"result":null',
  '"error":{"code":1}',
  '"jsonrpc":"2.0"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "null",
  "1e400",
  "\n",
];
const rpcLines = fc.oneof(
  { weight: 9, arbitrary: rpcMessages.map(formatMessage) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constantFrom("params", "result", "error"),
      fc.constantFrom(100, 600, 20_000),
    ).map(([field, depth]) =>
      `{"id":1,"${field}":${"[".repeat(depth)}${"]".repeat(depth)}}`
    ),
  },
);

const jsonRpc: Parser = parser("json-rpc", () => ({
  inputs: fc.tuple(
    fc.array(rpcMessages, { maxLength: 2 }),
    fc.array(texts(rpcLines, RPC_PIECES), { maxLength: 1 }),
    cuts,
  ),
  async check([messages, hostile, places], stopwatch) {
    const lines = messages.map(formatMessage);
    for (const [i, line] of lines.entries()) {
      assert(!/[\r\n]/.test(line), "a message is one line");
      const read = stopwatch.time(() => parseMessage(line));
      assertEquals(read?.kind, messages[i]?.kind);
      assertEquals(read && formatMessage(read), line, "the same once more");
    }
    for (const text of hostile) {
      for (const line of text.split("\n")) {
        const read = stopwatch.time(() => parseMessage(line));
        if (read === undefined) continue;
        const again = parseMessage(formatMessage(read));
        assertEquals(again?.kind, read.kind);
      }
    }
    const mixed = lines.flatMap((it, i) => [hostile[i] ?? "", it]).join("\n");
    const expected = mixed.split("\n").map((it) =>
      parseMessage(it.replace(/\r$/, ""))
    );
    const pieces = cut(encoder.encode(mixed), places);
    const heard = await stopwatch.timeAsync(async () => {
      const transport = new LineTransport({
        readable: ReadableStream.from(pieces),
        writable: new WritableStream(),
      });
      try {
        return (await Array.fromAsync(transport.receive())).flat();
      } catch (error) {
        return error instanceof Error ? error.message : "";
      }
    });
    if (typeof heard === "string") {
      assert(/^Cannot read messages: 100 lines in a row/.test(heard), heard);
      assert(expected.length >= 100, "a flood");
      return;
    }
    const kinds = expected.flatMap((it) => it === undefined ? [] : [it.kind]);
    assertEquals(heard.map((it) => it.kind), kinds);
    assert(kinds.length >= messages.length, "junk takes no message with it");
  },
}));

const names = texts(
  fc.constantFrom("task.created", "error", "codex.item/new", "message"),
  ["\n", "\r", "data: x", "id: 1", ":", " ", "\n\n", "event: y"],
);

const sseWriter: Parser = parser("sse-writer", () => ({
  inputs: fc.array(
    fc.record({
      event: names,
      data: jsonValues,
      id: fc.option(fc.oneof(fc.nat(), names), { nil: undefined }),
    }),
    { maxLength: 3 },
  ),
  check(events, stopwatch) {
    const written = events.map(({ event, data, id }) =>
      stopwatch.time(() =>
        encodeEvent({ event, data, ...(id !== undefined && { id }) })
      )
    );
    const bytes = Uint8Array.from(written.flatMap((it) => [...it]));
    const read = eventsOf(new TextDecoder().decode(bytes));
    assertEquals(read.length, events.length, "an event is one, whatever it is");
    for (const [i, { event, data, id }] of events.entries()) {
      const json = JSON.stringify(data);
      assertEquals(
        read[i]?.data,
        new TextDecoder().decode(encoder.encode(json)),
      );
      if (/^[\w./]+$/.test(event)) assertEquals(read[i]?.event, event);
      if (typeof id === "number") assertEquals(read[i]?.id, `${id}`);
    }
  },
}));

const SSE_PIECES = [
  "data:",
  "data: ",
  "data",
  "event: ",
  "id: ",
  "id",
  "retry: 1",
  ":",
  " ",
  "\n",
  "\n\n",
  "\r",
  "\r\n",
  "\r\r",
  "x",
  "[DONE]",
  '{"a":1}',
];
const sseTexts = fc.array(
  fc.tuple(
    fc.constantFrom("", "event: a\n", "id: 1\n", "id:\n", ": hi\n"),
    fc.array(fc.string({ maxLength: 8 }), { maxLength: 2 }),
    fc.constantFrom("\n", "\r", "\r\n"),
  ),
  { maxLength: 4 },
).map((events) =>
  events.map(([head, data, end]) =>
    (head + data.map((it) => `data: ${it}\n`).join("") + "\n")
      .replaceAll("\n", end)
  ).join("")
);

/** As the HTML standard reads an event stream, all of it at once. */
function eventsOf(stream: string): SiteEvent[] {
  const lines = stream.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  lines.pop();
  const events: SiteEvent[] = [];
  let id: string | undefined;
  let event = "";
  let data: string[] = [];
  for (const line of lines) {
    if (line === "") {
      if (data.length > 0) {
        const named = { event: event || "message", data: data.join("\n") };
        events.push({ ...named, ...(id !== undefined && { id }) });
      }
      event = "";
      data = [];
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id" && !value.includes("\0")) id = value;
  }
  return events;
}

const sseReader: Parser = parser("sse-reader", () => ({
  inputs: fc.tuple(texts(sseTexts, SSE_PIECES), cuts),
  check([text, places], stopwatch) {
    const pieces = cut(text, places);
    const read = stopwatch.time(() => {
      const reader = new SseParser();
      // A line that a CR ends is read when it is known what follows.
      return [...pieces, ":"].flatMap((it) => reader.push(it));
    });
    assertEquals(read, eventsOf(`${text}:`));
  },
}));

export const STREAM_PARSERS: readonly Parser[] = [
  lineSplitter,
  jsonRpc,
  sseWriter,
  sseReader,
];
