import type { Database as Connection } from "@db/sqlite";
import { auditHash, type AuditRecord } from "../store/mod.ts";

/**
 * Follows the chain from the checkpoint to the newest row in one consistent
 * view. It shows edits; who can rewrite the file can rewrite the whole chain.
 */
export function verifyAudit(connection: Connection): AuditVerdict {
  return connection.transaction(() => {
    const checkpoint = placeIn(connection, "audit_checkpoint");
    const head = placeIn(connection, "audit_head");
    const open = new Set<string>();
    let { seq, hash } = checkpoint;
    let problem: string | null = null;
    const rows = connection.prepare<StoredRecord>(
      "SELECT * FROM audit ORDER BY seq",
    );
    for (const row of rows) {
      problem = problemOf(row, { seq, hash });
      if (problem !== null) break;
      ({ seq, hash } = row);
      if (row.phase === "intent") open.add(row.entry_id);
      else open.delete(row.entry_id);
    }
    if (problem === null && (seq !== head.seq || hash !== head.hash)) {
      problem = `the trail ends at row ${seq}, but row ${head.seq} was written`;
    }
    return {
      ok: problem === null,
      rows: seq - checkpoint.seq,
      checkpoint_seq: checkpoint.seq,
      last_seq: head.seq,
      open_intents: open.size,
      problem,
    };
  }).deferred();
}

type StoredRecord = AuditRecord & { readonly hash: string };

interface AuditVerdict {
  readonly ok: boolean;
  /** Rows that were read and found in order. */
  readonly rows: number;
  /** The last row that retention removed; 0: none was. */
  readonly checkpoint_seq: number;
  readonly last_seq: number;
  /** Intents without an outcome: work that a crash cut off, or that runs now. */
  readonly open_intents: number;
  /** The first thing that is not in order. */
  readonly problem: string | null;
}

function problemOf(
  row: StoredRecord,
  before: Pick<StoredRecord, "seq" | "hash">,
): string | null {
  if (row.seq !== before.seq + 1) {
    return `row ${before.seq + 1} is missing: row ${row.seq} follows`;
  }
  return auditHash(before.hash, row) === row.hash
    ? null
    : `row ${row.seq} does not match its hash`;
}

function placeIn(connection: Connection, table: string) {
  const row = connection.prepare(`SELECT seq, hash FROM ${table}`)
    .get<Pick<StoredRecord, "seq" | "hash">>();
  if (row === undefined) throw new Error(`Cannot verify: ${table} is empty`);
  return row;
}
