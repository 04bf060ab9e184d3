import { sha256Hex } from "../../shared/digest.ts";

/** A row of the audit trail as it is stored. */
export type AuditRecord = {
  readonly seq: number;
  readonly entry_id: string;
  readonly phase: string;
  readonly at: number;
  readonly action: string;
  readonly controller_id: string;
  readonly instance_id: string;
  readonly source: string;
  readonly request_id: string | null;
  readonly remote_address: string | null;
  readonly task_id: string | null;
  readonly run_id: string | null;
  readonly target: string | null;
  readonly ok: number | null;
  readonly code: string | null;
  readonly facts: string | null;
};

/**
 * Returns the hash that chains `record` to the row before it: SHA-256, in
 * hexadecimal, of the JSON array of that row's hash and every column.
 */
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
  ]));
}
