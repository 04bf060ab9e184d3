import { assertEquals } from "@std/assert";
import { weaknessOf } from "./token_strength.ts";

Deno.test("weaknessOf() refuses what is short or known to everybody", () => {
  for (
    const token of [
      "x",
      "s3cret",
      "aB3$aB3$aB3$aB3",
      "aaaaaaaaaaaaaaaa",
      "----------------------",
      "0000000000000000",
      "changemechangeme",
      "changeme12345678",
      "CHANGEME00000000",
      "Password-12345678",
      "secretsecretsecret",
      "secret0123456789",
      "tokentokentoken1",
      "token-0123456789",
      "example_example_example",
      "EXAMPLE1234567890",
      "nullnullnullnull",
      "null000000000000000",
      "your-token-here-1",
      "change_me_change_me",
      "1234567890123456",
      "aaaaaaaaaaaaaaa1",
      "0000000000000001",
      "abababababababab",
      "aB3$aB3$aB3$aB3$",
      "mysecrettoken1234",
      "change_me_please",
      "REPLACE_WITH_REAL",
      "testtesttesttest",
      "admin123admin123",
      "letmeinletmein123",
      "p@sswordp@ssword",
      "passw0rdpassw0rd",
      "deadbeefdeadbeef",
      "conductorconductor",
    ]
  ) assertEquals(typeof weaknessOf(token), "string", token);
});

Deno.test("weaknessOf() lets a token be that nobody knows", () => {
  for (
    const token of [
      "correct-horse-battery",
      "correct-horse-battery-staple-42",
      "canary-token-1234",
      "a-token-for-tests",
      "hold-out-secret-0001",
      "f47ac10b58cc4372a5670e02b2c3d479",
      "f47ac10b-58cc-4372-a567-0e02b2c3d479",
      "8351907246185039",
      "the-owner-4711-x9k2",
      "planted-secret-4711",
      "CANARY-shared-token-88ef",
      "mytokenisquitelong",
      "test-token-1234567890",
      "shared-token-for-tests",
      "0123456789abcdef",
    ]
  ) assertEquals(weaknessOf(token), undefined, token);
});

Deno.test("weaknessOf() lets random tokens be", () => {
  const random = (bytes: number) =>
    crypto.getRandomValues(new Uint8Array(bytes));
  for (let i = 0; i < 500; i++) {
    for (
      const token of [
        random(32).toHex(),
        random(16).toHex(),
        random(24).toBase64(),
        random(32).toBase64({ alphabet: "base64url", omitPadding: true }),
        crypto.randomUUID(),
      ]
    ) assertEquals(weaknessOf(token), undefined, token);
  }
});
