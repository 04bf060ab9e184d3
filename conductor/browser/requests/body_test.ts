import { assertEquals } from "@std/assert";
import { decodeBody } from "./body.ts";

Deno.test("decodeBody() decodes by the charset that is named, by default UTF-8", () => {
  const utf8 = new TextEncoder().encode("\uFEFFgrüezi");
  assertEquals(decodeBody(utf8, undefined).body, "grüezi");
  const latin = new Uint8Array([0x67, 0xfc]);
  assertEquals(decodeBody(latin, 'text/html; charset="ISO-8859-1"').body, "gü");
});

Deno.test("decodeBody() answers base64 for what does not decode without loss", () => {
  const bytes = new Uint8Array([0xff, 0xfe, 0x00]);
  const encoded = bytes.toBase64();
  for (const type of [undefined, "text/html", "text/html; charset=nonsense"]) {
    assertEquals(decodeBody(bytes, type), {
      body: null,
      body_base64: encoded,
      body_bytes: 3,
    });
  }
});
