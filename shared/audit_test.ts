import { assertEquals, assertRejects } from "@std/assert";
import {
  audited,
  type AuditIntent,
  type AuditOutcome,
  redactedAudit,
} from "./audit.ts";
import { AppError } from "./errors.ts";
import { Redactor } from "./redact.ts";
import { RecordingAudit } from "./testing/fakes.ts";

Deno.test("redactedAudit() hides known secrets and secret forms in targets and facts", async () => {
  const seen: (AuditIntent | AuditOutcome)[] = [];
  const audit = redactedAudit({
    begin(intent) {
      seen.push(intent);
      return Promise.resolve({
        finish(outcome) {
          seen.push(outcome);
          return Promise.resolve();
        },
      });
    },
  }, new Redactor(["canary-4711"]));
  (await audit.begin({
    action: "exec",
    actor: { name: "owner", source: "http" },
    target: {
      command: "curl -H 'Authorization: Bearer abcdef' x?k=canary-4711",
      bytes: 3,
    },
  })).finish({ ok: true, facts: { note: "canary-4711", exitCode: 0 } });
  const text = JSON.stringify(seen);
  assertEquals(text.includes("canary-4711"), false);
  assertEquals(text.includes("abcdef"), false);
  assertEquals((seen[0] as AuditIntent).target.bytes, 3);
  assertEquals((seen[1] as AuditOutcome).facts?.exitCode, 0);
});

Deno.test("audited() records the intent first, then how the work ended", async () => {
  const audit = new RecordingAudit();
  const intent = {
    action: "x",
    actor: { name: "owner", source: "http" },
    target: {},
  } as const;
  const work = () => Promise.resolve(audit.rows.length);
  assertEquals(await audited(audit, intent, work), 1);
  for (
    const [error, code] of [
      [new AppError("CONFLICT"), "CONFLICT"],
      [new Error("secret"), "INTERNAL"],
    ] as const
  ) {
    await assertRejects(() =>
      audited(audit, intent, () => Promise.reject(error))
    );
    assertEquals(audit.rows.at(-1), { intent, outcome: { ok: false, code } });
  }
  assertEquals(audit.rows[0], { intent, outcome: { ok: true } });
  await audited(audit, intent, (note) => Promise.resolve(note({ size: 1 })));
  const outcome = { ok: true, facts: { size: 1 } };
  assertEquals(audit.rows.at(-1), { intent, outcome });
});
