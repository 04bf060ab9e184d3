import { assertEquals } from "@std/assert";
import { isPath, isPlainValue, isSecretName } from "./secret_names.ts";

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

Deno.test("isPlainValue() takes up to three digits for a count, where something is counted", () => {
  for (const value of ["0", "9", "10", "999"]) {
    assertEquals(isPlainValue(value, "token"), true, value);
    for (const name of ["password", "PWD", "client_secret", "xsrf", "otp"]) {
      assertEquals(isPlainValue(value, name), false, `${name}: ${value}`);
    }
  }
  for (const value of ["1000", "1a", "/1", ":1"]) {
    assertEquals(isPlainValue(value, "token"), false, value);
  }
});

Deno.test("isPlainValue() takes nothing for plain, and a word for nothing in any case", () => {
  for (const value of ["", "null", "NULL", "None", "false", "*", "***"]) {
    assertEquals(isPlainValue(value, "token"), true, value);
  }
  for (const value of ["nul", "no", "nullnullnull1", "*a", "**a*", "x***"]) {
    assertEquals(isPlainValue(value, "token"), false, value);
  }
});

Deno.test("isPlainValue() takes the words of a sentence for none in prose alone", () => {
  for (const word of ["is", "was", "for"]) {
    assertEquals(isPlainValue(word, "password"), false, word);
    assertEquals(isPlainValue(word, "password", { isProse: true }), true, word);
  }
  assertEquals(isPlainValue("xq", "password", { isProse: true }), false);
});

Deno.test("isPlainValue() takes a folder for plain under the name of the working folder alone", () => {
  for (const value of ["/", "/srv/a b", "$HOME/x", "${PWD}"]) {
    assertEquals(isPlainValue(value, "PWD"), true, value);
  }
  for (const value of ["$HOME/x", "${PWD}"]) {
    assertEquals(isPlainValue(value, "password"), false, value);
  }
});

Deno.test("isPath() knows a path by how it begins, and takes no credentials for one", () => {
  for (const value of ["~/x", "./x", "../x", "/etc/x", "/Users/x/y"]) {
    assertEquals(isPath(value), true, value);
  }
  for (
    const value of [
      "",
      "x",
      "etc/x",
      "~x",
      ".x/y",
      "/",
      "/etc",
      "/x1y2z3/x",
      "/etc/a=b",
      "~/user:pass",
    ]
  ) assertEquals(isPath(value), false, value);
});
