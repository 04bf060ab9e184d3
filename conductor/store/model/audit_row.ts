import { z } from "zod";

const Facts = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.null()]),
);

/**
 * One row of the audit trail. Each thing done has two: an intent before it and
 * an outcome after it, with one `entry_id`. `hash` covers the row and the hash
 * of the row before.
 */
export const AuditRow = z.strictObject({
  seq: z.int(),
  entry_id: z.string(),
  phase: z.enum(["intent", "outcome"]),
  at: z.iso.datetime(),
  action: z.string(),
  controller_id: z.string(),
  instance_id: z.string(),
  /** Who it was; null in rows that an older program wrote. */
  actor: z.string().nullable(),
  source: z.enum(["http", "websocket", "task"]),
  request_id: z.string().nullable(),
  remote_address: z.string().nullable(),
  task_id: z.string().nullable(),
  run_id: z.string().nullable(),
  /** What is acted on; of an intent. */
  target: Facts.nullable(),
  /** Whether it succeeded; of an outcome. */
  ok: z.boolean().nullable(),
  code: z.string().nullable(),
  facts: Facts.nullable(),
  hash: z.string(),
});
export type AuditRow = z.infer<typeof AuditRow>;

/** Which rows a list holds. */
export interface AuditFilter {
  readonly actor?: string | undefined;
  /** Any of them. */
  readonly actions?: readonly string[] | undefined;
  readonly request_id?: string | undefined;
  readonly task_id?: string | undefined;
  readonly source?: AuditRow["source"] | undefined;
  /** Milliseconds since the epoch. */
  readonly since?: number | undefined;
}
