import { sha256Hex } from "../../shared/digest.ts";
import type { AuditRow } from "./model/audit_row.ts";

/** What {@linkcode auditHash} does, in words for whoever verifies a trail. */
export const AUDIT_FORMULA =
  "hash = SHA-256, in lower-case hexadecimal, of JSON.stringify([hash of the row before or '', seq, entry_id, phase, at (ms), action, controller_id, instance_id, source, request_id, remote_address, task_id, run_id, target (text), ok (0 or 1), code, facts (text), actor (left out where it is null)])";

/** Returns the hash that chains `record` to the row before it. */
export function auditHash(previous: string, record: AuditRecord): string {
  return sha256Hex(JSON.stringify([
    previous,
    record.seq,
    record.entry_id,
    record.phase,
    record.at,
    record.action,
    record.controller_id,
    record.instance_id,
    record.source,
    record.request_id,
    record.remote_address,
    record.task_id,
    record.run_id,
    record.target,
    record.ok,
    record.code,
    record.facts,
    // Rows of older programs have none, and keep the hash that they were given.
    ...(record.actor === null ? [] : [record.actor]),
  ]));
}

/** A row of the audit trail as it is stored, before its hash. */
export type AuditRecord =
  & Omit<AuditRow, "at" | "target" | "ok" | "facts" | "hash">
  & {
    readonly at: number;
    readonly target: string | null;
    readonly ok: number | null;
    readonly facts: string | null;
  };
