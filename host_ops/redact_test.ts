import { assert, assertEquals, assertLess } from "@std/assert";
import { redactCommand } from "./redact.ts";

Deno.test("redactCommand() masks secrets by their name and by their look", () => {
  for (
    const command of [
      "curl -H 'Authorization: Bearer PLANTED123' https://x",
      'curl -H "Cookie: a=PLANTED123; b=PLANTED123" https://x',
      "curl -H 'x-api-key: PLANTED123' https://x",
      "API_KEY=PLANTED123 run",
      "export GITHUB_TOKEN='PLANTED123 PLANTED123'",
      "run --password PLANTED123 --now",
      "run --api-key=PLANTED123",
      'echo {"client_secret": "PLANTED123"}',
      "git clone https://me:PLANTED123@example.com/x",
      "curl -u me:PLANTED123 https://x",
      "run sk-PLANTED123PLANTED123 ghp_PLANTED123PLANTED123",
      "echo '-----BEGIN PRIVATE KEY-----\nPLANTED123\n-----END PRIVATE KEY-----'",
    ]
  ) {
    const redacted = redactCommand(command);
    assert(!redacted.includes("PLANTED"), `${command} → ${redacted}`);
    assert(redacted.includes("***"));
  }
});

Deno.test("redactCommand() leaves the rest as it is", () => {
  for (
    const command of [
      "ls -la /tmp && grep -rn token src",
      "git commit -m 'Add password reset'",
      "echo a:b user@example.com",
    ]
  ) assertEquals(redactCommand(command), command);
});

Deno.test("redactCommand() is short, and quick on whatever it is given", () => {
  const since = performance.now();
  for (const piece of ["a", "token", "-", "a:", "://a", "'\"", "= ", "-a "]) {
    assert(redactCommand(piece.repeat(1_000_000)).length <= 1_024);
  }
  assertLess(performance.now() - since, 2_000);
});
