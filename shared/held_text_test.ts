import { assertEquals } from "@std/assert";
import { HeldText } from "./held_text.ts";
import { jsonPieces } from "./http/piecewise_body.ts";

const TEXT = '\uFEFF"\\\u0000漢😀'.repeat(20_000);
const bytes = () => new TextEncoder().encode(TEXT);

Deno.test("HeldText is written as the string that it stands for, in pieces", () => {
  const text = HeldText.utf8(bytes());
  assertEquals(text?.toString(), TEXT);
  assertEquals(JSON.stringify({ text }), JSON.stringify({ text: TEXT }));
  const pieces = [...jsonPieces({ text })];
  assertEquals(pieces.join(""), JSON.stringify({ text: TEXT }));
  assertEquals(pieces.every((it) => it.length <= 6 * 65_536), true);
});

Deno.test("HeldText.base64() is written as the base64 of its bytes", () => {
  for (const size of [0, 1, 16_383, 16_384, 200_000]) {
    const own = new Uint8Array(size).map((_, at) => at % 251);
    assertEquals(`${HeldText.base64(own)}`, own.toBase64());
  }
});

Deno.test("HeldText.utf8() takes no bytes that are no UTF-8", () => {
  for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f]]) {
    assertEquals(HeldText.utf8(new Uint8Array(bad)), undefined);
  }
});

Deno.test("HeldText.free() leaves no bytes behind, called twice as well", () => {
  const own = bytes();
  const text = HeldText.utf8(own);
  text?.free();
  text?.free();
  assertEquals(own.buffer.byteLength, 0);
});
