import { assertEquals } from "@std/assert";
import type { AuditIntent, AuditOutcome } from "./audit.ts";
import { Redactor } from "./redact.ts";
import { redactedAudit } from "./redacted_audit.ts";

Deno.test("redactedAudit() hides known secrets and secret forms in targets and facts", () => {
  const seen: (AuditIntent | AuditOutcome)[] = [];
  const audit = redactedAudit({
    begin(intent) {
      seen.push(intent);
      return { finish: (outcome) => void seen.push(outcome) };
    },
  }, new Redactor(["canary-4711"]));
  audit.begin({
    action: "exec",
    actor: { source: "http" },
    target: {
      command: "curl -H 'Authorization: Bearer abcdef' x?k=canary-4711",
      bytes: 3,
    },
  }).finish({ ok: true, facts: { note: "canary-4711", exitCode: 0 } });
  const text = JSON.stringify(seen);
  assertEquals(text.includes("canary-4711"), false);
  assertEquals(text.includes("abcdef"), false);
  assertEquals((seen[0] as AuditIntent).target.bytes, 3);
  assertEquals((seen[1] as AuditOutcome).facts?.exitCode, 0);
});
