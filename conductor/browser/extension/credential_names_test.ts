import { assertEquals } from "@std/assert";
import { SECRET_WORDS } from "../../../shared/secret_table.ts";
import { withoutCredentials } from "./credential_names.js";
import words from "./secret_words.json" with { type: "json" };

Deno.test("secret_words.json is a copy of the words of the one table of secrets", () => {
  assertEquals<readonly string[]>(words, SECRET_WORDS);
});

Deno.test("withoutCredentials() lower-cases names and drops credentials", () => {
  assertEquals(
    withoutCredentials({
      "Content-Type": "text/html",
      "Set-Cookie": "a=b",
      "X-Access-Token": "t",
      "WWW-Authenticate": "Bearer",
    }),
    { "content-type": "text/html", "www-authenticate": "Bearer" },
  );
});
