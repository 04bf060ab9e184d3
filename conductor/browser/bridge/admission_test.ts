import { assertEquals } from "@std/assert";
import { proofProtocol } from "../extension/sub_protocol.js";
import { tokenProtocol } from "../testing/token_protocol.ts";
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

const NOTHING = { selected: undefined, token: undefined, proof: undefined };
const SELECTED = { ...NOTHING, selected: "baa.v1" } as const;

Deno.test("readProtocols() reads the token that a program presents", () => {
  for (const token of ["secret", "ÿ~?>", "a".repeat(100)]) {
    assertEquals(readProtocols(`baa.v1, ${tokenProtocol(token)}`), {
      ...SELECTED,
      token,
    });
  }
});

Deno.test("readProtocols() reads the proof that the extension offers", () => {
  const [clientNonce, mac] = ["n-_".repeat(8), "m".repeat(43)];
  for (const clientId of ["firefox-1", "a.b:c_d-1", "."]) {
    const proof = { clientId, clientNonce, mac };
    const offered = `baa.v1, ${proofProtocol(proof)}`;
    assertEquals(readProtocols(offered), { ...SELECTED, proof });
  }
});

Deno.test("readProtocols() takes what it cannot read for nobody's", () => {
  assertEquals(readProtocols(null), NOTHING);
  assertEquals(readProtocols("chat"), NOTHING);
  for (const text of ["baa.token.%%", "baa.token._w"]) {
    assertEquals(readProtocols(`baa.v1,${text}`).token, undefined, text);
  }
  const nobodys = { clientId: "", clientNonce: "", mac: "" };
  for (
    const text of [
      "baa.proof.",
      "baa.proof.id",
      `baa.proof.${"n".repeat(22)}.${"m".repeat(43)}`,
      `baa.proof.id.short.${"m".repeat(43)}`,
      `baa.proof.id.${"n".repeat(22)}.${"m".repeat(44)}`,
      `baa.proof.${"i".repeat(60_000)}.${"n".repeat(22)}.${"m".repeat(43)}`,
    ]
  ) assertEquals(readProtocols(`baa.v1,${text}`).proof, nobodys, text);
  const broken = `baa.proof.%zz.${"n".repeat(22)}.${"m".repeat(43)}`;
  assertEquals(readProtocols(broken).proof?.clientId, "");
});
