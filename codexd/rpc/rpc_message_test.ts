import { assertEquals } from "@std/assert";
import { formatMessage, parseMessage } from "./rpc_message.ts";

Deno.test("parseMessage() tells the four kinds apart by their members", () => {
  assertEquals(
    [
      '{"id":0,"method":"ask","params":{"a":1}}',
      '{"method":"tell","params":{},"emittedAtMs":1}',
      '{"id":"x","result":null}',
      '{"error":{"code":-32600,"message":"no","data":1},"id":2}',
    ].map(parseMessage),
    [
      { kind: "request", id: 0, method: "ask", params: { a: 1 } },
      { kind: "notification", method: "tell", params: {} },
      { kind: "result", id: "x", result: null },
      { kind: "error", id: 2, error: { code: -32600, message: "no", data: 1 } },
    ],
  );
});

Deno.test("parseMessage() accepts a jsonrpc field and an error of unknown form", () => {
  assertEquals(parseMessage('{"jsonrpc":"2.0","id":1,"result":{}}'), {
    kind: "result",
    id: 1,
    result: {},
  });
  assertEquals(parseMessage('{"id":1,"error":"boom"}'), {
    kind: "error",
    id: 1,
    error: { code: 0, message: '"boom"' },
  });
});

Deno.test("parseMessage() returns undefined for what is no message", () => {
  for (
    const line of [
      "",
      "garbage",
      "[1]",
      "null",
      "{}",
      '{"id":1}',
      '{"id":null,"result":1}',
      '{"id":{},"method":"ask"}',
      '{"id":1,"result":1}{"id":2,"result":2}',
      '{"id":1e999,"method":"ask"}',
      `{"id":1,"error":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
    ]
  ) {
    assertEquals(parseMessage(line), undefined, line);
  }
});

Deno.test("formatMessage() replaces half of a surrogate pair", () => {
  const line = formatMessage({
    kind: "notification",
    method: "tell",
    params: { text: "a\ud800b", whole: "\ud83d\ude00" },
  });
  assertEquals(
    line,
    '{"method":"tell","params":{"text":"a\ufffdb","whole":"\ud83d\ude00"}}',
  );
});

Deno.test("formatMessage() writes what parseMessage() reads, in one line", () => {
  const message = {
    kind: "request",
    id: 7,
    method: "ask",
    params: { text: "two\nlines" },
  } as const;
  const line = formatMessage(message);
  assertEquals(line.includes("\n"), false);
  assertEquals(line.includes("kind"), false);
  assertEquals(parseMessage(line), message);
});
