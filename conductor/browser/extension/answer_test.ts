import { assert, assertEquals, assertRejects } from "@std/assert";
import { type ExtensionMessage, extensionMessage } from "../contract.ts";
import { answerTo } from "./answer.js";

const LIMITS = { chunkBytes: 4, maxResponseBytes: 10 };
const HEAD = { status: 200, headers: {}, url: "https://a.example/" };

/** An answer to a request, and what conductor reads of it. */
function createAnswer(responseMode: "buffered" | "sse") {
  const sent: ExtensionMessage[] = [];
  const link = {
    limits: LIMITS,
    send: (message: unknown) => void sent.push(extensionMessage.parse(message)),
    room: () => Promise.resolve(),
  };
  const answer = answerTo({ id: "r", responseMode }, link);
  answer.head(HEAD);
  return { answer, sent };
}

Deno.test("answerTo() sends a small body in one message", async () => {
  const { answer, sent } = createAnswer("buffered");
  await answer.piece(new Uint8Array([1, 2]));
  await answer.piece(new Uint8Array([3]));
  await answer.end();
  const [response, ...rest] = sent;
  assert(response?.type === "api_response");
  assertEquals(response.bodyBase64, new Uint8Array([1, 2, 3]));
  assertEquals(rest, []);
});

Deno.test("answerTo() cuts a large body into chunks of one size", async () => {
  const { answer, sent } = createAnswer("buffered");
  await answer.piece(new Uint8Array([1, 2, 3, 4, 5, 6]));
  await answer.piece(new Uint8Array([7, 8, 9]));
  await answer.end();
  const [head, ...chunks] = sent;
  assert(head?.type === "api_response" && head.chunked);
  assertEquals(
    chunks.map((it) => it.type === "body_chunk" && [...it.data]),
    [[1, 2, 3, 4], [5, 6, 7, 8], [9]],
  );
  assertEquals(
    chunks.map((it) => it.type === "body_chunk" && it.last),
    [false, false, true],
  );
});

Deno.test("answerTo() refuses a body that is larger than conductor takes", async () => {
  const { answer } = createAnswer("buffered");
  const error = await assertRejects(() => answer.piece(new Uint8Array(11)));
  assertEquals((error as { code?: string }).code, "body_too_large");
});

Deno.test("answerTo() streams text, whole characters only", async () => {
  const { answer, sent } = createAnswer("sse");
  const bytes = new TextEncoder().encode("aé€");
  for (const byte of bytes) await answer.piece(new Uint8Array([byte]));
  await answer.end();
  const [open, ...rest] = sent;
  assertEquals(open?.type, "stream_open");
  assertEquals(rest.at(-1)?.type, "stream_end");
  const events = rest.slice(0, -1);
  assertEquals(
    events.map((it) => it.type === "stream_event" && [it.seq, it.chunk]),
    [[0, "a"], [1, "é"], [2, "€"]],
  );
});

Deno.test("answerTo() tells a failure in the way of its mode", () => {
  for (const mode of ["buffered", "sse"] as const) {
    const { answer, sent } = createAnswer(mode);
    answer.fail({ code: "tab_gone", message: "the tab went away" });
    const last = sent.at(-1);
    assertEquals(last?.type, mode === "sse" ? "stream_error" : "api_response");
  }
});

Deno.test("answerTo() streams text in the charset that the site names, and no binary", async () => {
  const cases = [
    ["text/plain; charset=iso-8859-1", "67fc", "gü"],
    ["text/plain", "efbbbf61", "a"],
    ["text/plain; charset=nonsense", "61", "a"],
    ["text/event-stream", "61ff", "a\uFFFD"],
    ["image/png", "89504e47", undefined],
    ["text/plain", "61c3", undefined],
  ] as const;
  for (const [type, hex, expected] of cases) {
    const { answer, sent } = createAnswer("sse");
    answer.head({ ...HEAD, headers: { "content-type": type } });
    const told = (async () => {
      await answer.piece(Uint8Array.fromHex(hex));
      await answer.end();
    })();
    if (expected === undefined) {
      const error = await assertRejects(() => told);
      assertEquals((error as { code?: string }).code, "binary_body", type);
      continue;
    }
    await told;
    const chunks = sent.map((it) => it.type === "stream_event" ? it.chunk : "");
    assertEquals(chunks.join(""), expected, type);
  }
});
