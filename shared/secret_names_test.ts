import { assertEquals } from "@std/assert";
import { isPlainValue, isSecretName } from "./secret_names.ts";

Deno.test("isSecretName() knows names by their words, however they are joined", () => {
  for (
    const name of [
      "token",
      "sharedToken",
      "MY_API_KEY2",
      "api.key",
      "my auth",
      "pgpwd",
      "cookie-hint-token",
      "JSESSIONID",
      `${"a-".repeat(500_000)}token`,
    ]
  ) assertEquals(isSecretName(name), true, name.slice(-40));
  for (
    const name of [
      "",
      "author",
      "tokenizer",
      "token_count",
      "tokenFile",
      "cookie-token-hint",
      "obsession",
      "OLDPWD",
      "sig",
      `token${"-a".repeat(500_000)}`,
    ]
  ) assertEquals(isSecretName(name), false, name.slice(-40));
});

Deno.test("isPlainValue() takes for none what says that there is none", () => {
  const uuid = "0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
  for (
    const [value, name, isPlain] of [
      ["missing", "token", true],
      ["***", "token", true],
      ["12", "token", true],
      ["12", "csrf", false],
      ["yes", "TOKEN", false],
      ["/etc/baa/token", "token", true],
      ["$PWD", "PWD", true],
      ["$PWD", "MYSQL_PWD", false],
      ["x1yz", "PWD", false],
      [uuid, "session_id", true],
      [uuid, "sessionId", true],
      [uuid, "JSESSIONID", false],
      [uuid, "sid", false],
    ] as const
  ) assertEquals(isPlainValue(value, name), isPlain, `${name}: ${value}`);
  const prose = { isProse: true };
  assertEquals(isPlainValue("not", "password", prose), true);
  assertEquals(isPlainValue(uuid, "session_id", { isAssigned: true }), false);
});
