import type { AuditFacts, AuditPort } from "./audit.ts";
import type { Redactor } from "./redact.ts";

/** An audit that never sees a secret, whoever reports to it. */
export function redactedAudit(port: AuditPort, redactor: Redactor): AuditPort {
  // The redactor keeps scalars scalars.
  const clean = (facts: AuditFacts) => redactor.fields(facts) as AuditFacts;
  return {
    begin(intent) {
      const entry = port.begin({ ...intent, target: clean(intent.target) });
      return {
        finish: ({ facts, ...outcome }) =>
          entry.finish({
            ...outcome,
            ...(facts !== undefined && { facts: clean(facts) }),
          }),
      };
    },
  };
}
