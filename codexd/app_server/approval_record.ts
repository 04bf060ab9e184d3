import { z } from "zod";
import {
  Approval,
  ApprovalOutcome,
  type ApprovalOutcome as Outcome,
} from "../../shared/contracts/mod.ts";
import { AppError } from "../../shared/errors.ts";

/** What is kept of an approval, also over a restart: who waited, and what was decided. */
export const ApprovalRecord = Approval.pick({
  approval_id: true,
  session_id: true,
  turn_id: true,
  beyond_max_sandbox: true,
}).extend({ outcome: ApprovalOutcome.nullable() });
export type ApprovalRecord = z.infer<typeof ApprovalRecord>;

export interface ApprovalRecords {
  get(approvalId: string): ApprovalRecord | undefined;
  set(approvalId: string, record: ApprovalRecord): void;
  values(): ApprovalRecord[];
}

/** What a later answer is told: who was first. */
export function alreadyDecided(outcome: Outcome): AppError {
  const { decision, by, decided_by, decided_at } = outcome;
  const how = {
    client: `${decided_by} decided "${decision}"`,
    session: "its command had been accepted for the session",
    policy: `codexd's settings decided "${decision}"`,
    timeout: "it was declined, since nobody had answered in time",
    codex: "Codex took it back, as when its turn is interrupted",
    restart: "it went with its app-server, and nothing was accepted",
  }[by];
  return new AppError(
    "CONFLICT",
    `Cannot answer the approval: ${how} at ${decided_at}`,
    { details: { ...outcome } },
  );
}
