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
      "0123456789abcdef",
      "abcdefghijklmnopqrst",
    ]
  ) assertEquals(typeof weaknessOf(token), "string", token);
});

Deno.test("weaknessOf() lets a token be that nobody knows", () => {
  for (
    const token of [
      "aB3$aB3$aB3$aB3$",
      "correct-horse-battery",
      "canary-token-1234",
      "a-token-for-tests",
      "hold-out-secret-0001",
      "f47ac10b58cc4372a5670e02b2c3d479",
      "8351907246185039",
      "mytokenisquitelong",
    ]
  ) assertEquals(weaknessOf(token), undefined, token);
});
