import { assertEquals } from "@std/assert";
import { tokenProtocol } from "../extension/sub_protocol.js";
import { isExtensionOrigin, readProtocols } from "./admission.ts";

Deno.test("isExtensionOrigin() knows a Firefox extension from everything else", () => {
  assertEquals(
    isExtensionOrigin("moz-extension://c1114b5c-495d-4412-bcee-9eb4b2f0113b"),
    true,
  );
  for (
    const origin of [
      "",
      "null",
      "http://127.0.0.1:4317",
      "https://moz-extension.example",
      "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
      "moz-extension://c1114b5c-495d-4412-bcee-9eb4b2f0113b/",
      "moz-extension://c1114b5c-495d-4412-bcee-9eb4b2f0113b.evil.example",
      "moz-extension://evil.example",
      "http://evil.example#moz-extension://c1114b5c-495d-4412-bcee-9eb4b2f0113b",
    ]
  ) assertEquals(isExtensionOrigin(origin), false, origin);
});

Deno.test("readProtocols() reads the token that tokenProtocol() writes", () => {
  for (const token of ["secret", "ÿ~?>", "a".repeat(100)]) {
    assertEquals(readProtocols(`baa.v1, ${tokenProtocol(token)}`), {
      selected: "baa.v1",
      token,
    });
  }
});

Deno.test("readProtocols() takes what is not there, or not base64url, for no token", () => {
  assertEquals(readProtocols(null), { selected: undefined, token: undefined });
  assertEquals(readProtocols("chat"), {
    selected: undefined,
    token: undefined,
  });
  for (const text of ["baa.token.%%", "baa.token._w"]) {
    assertEquals(readProtocols(`baa.v1,${text}`).token, undefined, text);
  }
});
