import { sha256Hex } from "../../shared/digest.ts";
import type { AuditRow } from "./model/audit_row.ts";

/** What {@linkcode auditHash} does, in words for whoever verifies a trail. */
export const AUDIT_FORMULA =
  "hash = SHA-256, in lower-case hexadecimal, of JSON.stringify([hash of the row before or '', seq, entry_id, phase, at (ms), action, controller_id, instance_id, source, request_id, remote_address, task_id, run_id, target (text), ok (0 or 1), code, facts (text), actor (left out where it is null)])";

/** What a hash covers, in its order. */
export const AUDIT_COLUMNS = [
  "seq",
  "entry_id",
  "phase",
  "at",
  "action",
  "controller_id",
  "instance_id",
  "source",
  "request_id",
  "remote_address",
  "task_id",
  "run_id",
  "target",
  "ok",
  "code",
  "facts",
  "actor",
] as const satisfies readonly (keyof AuditRecord)[];

/** Returns the values of {@linkcode AUDIT_COLUMNS} in a row. */
export function auditValues(record: AuditRecord): AuditValue[] {
  return AUDIT_COLUMNS.map((name) => record[name]);
}

/** Returns the hash that chains a row with these values to the one before it. */
export function auditHash(
  previous: string,
  values: readonly AuditValue[],
): string {
  // Rows of older programs have no actor, and keep the hash that they were given.
  const covered = values.at(-1) === null ? values.slice(0, -1) : values;
  return sha256Hex(JSON.stringify([previous, ...covered]));
}

type AuditValue = string | number | null;

/** A row of the audit trail as it is stored, before its hash. */
export type AuditRecord =
  & Omit<AuditRow, "at" | "target" | "ok" | "facts" | "hash">
  & {
    readonly at: number;
    readonly target: string | null;
    readonly ok: number | null;
    readonly facts: string | null;
  };
