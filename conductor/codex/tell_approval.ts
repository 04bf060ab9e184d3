import { z } from "zod";
import {
  ApprovalOutcome,
  type CodexEvent,
} from "../../shared/contracts/mod.ts";
import type { EventService } from "../record/mod.ts";

const Requested = z.object({
  approval_id: z.string(),
  kind: z.string(),
  expires_at: z.string().nullable(),
});

/** Makes an event of conductor's of what somebody is, or was, waited for. */
export function tellApproval(
  { type, session_id, turn_id, data }: CodexEvent,
  events: Pick<EventService, "record" | "recordAsked">,
): void {
  const place = { session_id, turn_id };
  if (type === "approval.requested") {
    const { success, data: asked } = Requested.safeParse(data);
    if (!success || asked.expires_at === null) return;
    events.recordAsked({ ...place, ...asked, expires_at: asked.expires_at });
  } else {
    const { success, data: outcome } = ApprovalOutcome.safeParse(data);
    if (!success || ["policy", "session"].includes(outcome.by)) return;
    const { approval_id, decision, by, decided_by } = outcome;
    const how = { approval_id, decision, by, decided_by };
    events.record("codex.approval_resolved", { ...place, ...how });
  }
}
