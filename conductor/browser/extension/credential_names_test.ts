import { assertEquals } from "@std/assert";
import { withoutCredentials } from "./credential_names.js";

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
