import type { AuditPort } from "./audit.ts";
import type { Logger } from "./log.ts";

/** An audit that goes to the log: for a daemon that has no audit table. */
export function logAudit(log: Logger): AuditPort {
  return {
    begin(intent) {
      log.info("Audit: intent", { ...intent });
      return {
        finish: (outcome) =>
          log.info("Audit: outcome", {
            action: intent.action,
            request_id: intent.actor.request_id,
            ...outcome,
          }),
      };
    },
  };
}
