import { assertEquals } from "@std/assert";
import { HeldText, lossyText } from "./held_text.ts";
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

Deno.test("HeldText.lossy() is as if its parts were one, and shows nothing of what a cut divided", () => {
  const own = new Uint8Array([...bytes(), 0xff, 0xe6, 0xbc]);
  for (const at of [1, 2, 5, 40_001]) {
    const parts = [own.subarray(0, at), own.subarray(at)];
    assertEquals(`${HeldText.lossy(parts)}`, `${TEXT}\ufffd\ufffd`);
    assertEquals(`${HeldText.lossy(parts, 2)}`, `${TEXT}\ufffd`);
  }
  const cut = [new Uint8Array([0x61, 0xe6, 0xbc]), new Uint8Array([0x62])];
  assertEquals(`${HeldText.lossy(cut, 1)}`, "ab");
  assertEquals(`${HeldText.lossy([], 0)}`, "");
});

Deno.test("lossyText() holds a large text alone, and frees it when it is passed on", () => {
  const releases: (() => void)[] = [];
  const hold = (release: () => void) => void releases.push(release);
  const own = bytes();
  assertEquals(lossyText([own.slice(0, 3)], { hold }), "\uFEFF");
  assertEquals(lossyText([own]), TEXT);
  assertEquals(releases.length, 0);
  const text = lossyText([own], { hold });
  assertEquals([text instanceof HeldText, String(text)], [true, TEXT]);
  releases.forEach((it) => it());
  assertEquals(own.buffer.byteLength, 0);
});

Deno.test("HeldText.free() leaves no bytes behind, called twice as well", () => {
  const own = bytes();
  const text = HeldText.utf8(own);
  text?.free();
  text?.free();
  assertEquals(own.buffer.byteLength, 0);
});
