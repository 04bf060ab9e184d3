import { assertEquals } from "@std/assert";
import { decodeStrictly, wholeCharacters } from "./utf8.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("wholeCharacters() leaves out only a character that is cut", () => {
  for (const text of ["", "a", "é", "한", "😀", "a😀", "aé한😀"]) {
    const bytes = encode(text);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const part = bytes.subarray(0, cut);
      const whole = decodeStrictly(part.subarray(0, wholeCharacters(part)));
      assertEquals(whole !== undefined && text.startsWith(whole), true);
      assertEquals(cut - wholeCharacters(part) <= 3, true);
    }
    assertEquals(wholeCharacters(bytes), bytes.length);
  }
});

Deno.test("wholeCharacters() leaves bytes that are no UTF-8 to whoever decodes them", () => {
  for (const bytes of [[0xff], [0x80, 0x80, 0x80, 0x80], [0x61, 0xc0]]) {
    assertEquals(wholeCharacters(new Uint8Array(bytes)), bytes.length);
  }
});
