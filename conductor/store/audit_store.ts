import { isoTime } from "../../shared/clock.ts";
import type { PageRequest } from "../../shared/page.ts";
import type { AuditFilter, AuditRow } from "./model/audit_row.ts";
import { auditHash, type AuditRecord } from "./audit_hash.ts";
import type { Database } from "./database.ts";
import type { TrimLimits } from "./event_store.ts";
import { type List, type Page, readPage } from "./list.ts";

const LIST: List<StoredRecord, AuditRow> = {
  name: "audit",
  columns: "*",
  table: "audit a",
  indexes: {
    "action": "INDEXED BY audit_by_action",
    "request_id": "INDEXED BY audit_by_request",
    "actor": "INDEXED BY audit_by_actor",
    "action,request_id": "INDEXED BY audit_by_request_action",
    "action,actor": "INDEXED BY audit_by_actor_action",
    "request_id,actor": "INDEXED BY audit_by_request_actor",
    "action,request_id,actor": "INDEXED BY audit_by_request_actor_action",
  },
  toItem: toAuditRow,
};

const COLUMNS = [
  "seq",
  "entry_id",
  "phase",
  "at",
  "action",
  "controller_id",
  "instance_id",
  "actor",
  "source",
  "request_id",
  "remote_address",
  "task_id",
  "run_id",
  "target",
  "ok",
  "code",
  "facts",
] as const satisfies readonly (keyof AuditRecord)[];

const INSERT = `INSERT INTO audit (${COLUMNS.join(", ")}, hash)
  VALUES (${"?, ".repeat(COLUMNS.length)}?)`;

/** The audit trail: appended to, read, and shortened at its old end. */
export class AuditStore {
  readonly #db: Database;
  /** The newest row that this process wrote. */
  #written: AuditLink | undefined;
  /** Such a row that was not there any more when the next one was written. */
  #missing: AuditLink | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Appends rows, chained to the newest one; with none it only finds out whether
   * it could. A part of a transaction of the caller's, which holds the write
   * lock from the read of that row to the commit, so processes cannot fork the
   * chain. Returns the new end, to be remembered when that is on the disk.
   */
  append(records: readonly Omit<AuditRecord, "seq">[]): AuditLink {
    let head = this.#head();
    if (!reaches(head, this.#written)) this.#missing ??= this.#written;
    for (const record of records) {
      const row = { ...record, seq: head.seq + 1 };
      const hash = auditHash(head.hash, row);
      this.#db.run(INSERT, ...COLUMNS.map((name) => row[name]), hash);
      head = { seq: row.seq, hash };
    }
    const { seq, hash } = head;
    this.#db.run("UPDATE audit_head SET seq = ?, hash = ?", seq, hash);
    return head;
  }

  /** Remembers the newest row that this process wrote. */
  remember(link: AuditLink): void {
    this.#written = link;
  }

  /** Rows that this process wrote and that must still be there. */
  get written(): readonly AuditLink[] {
    this.#db.flush();
    return [this.#missing, this.#written].filter((it) => it !== undefined);
  }

  /** The first of them that somebody is known to have removed or replaced. */
  get missing(): AuditLink | undefined {
    return this.#missing;
  }

  /** Newest first. */
  list(
    { action, request_id, actor }: AuditFilter,
    page: PageRequest,
  ): Page<AuditRow> {
    this.#db.flush();
    return readPage(this.#db, LIST, {
      ...page,
      filter: { action, request_id, actor },
    });
  }

  /**
   * Removes at most `limit` rows from the old end: those older than `before` or
   * more than `keep` behind the newest. The last one's hash stays as the
   * checkpoint that the rest is verified from. Returns how many went.
   */
  trim(options: TrimLimits): number {
    return this.#db.write(() => {
      const { seq: done } = this.#checkpoint();
      const { seq: last } = this.#head();
      const end = Math.min(done + options.limit, last);
      const young = this.#db.get<{ seq: number | null }>(
        "SELECT min(seq) AS seq FROM audit WHERE seq <= ? AND at BETWEEN ? AND ?",
        end,
        options.before,
        options.until,
      )?.seq ?? end + 1;
      const cut = Math.min(end, Math.max(young - 1, last - options.keep));
      if (cut <= done) return 0;
      this.#db.run(
        `UPDATE audit_checkpoint SET seq = ?1,
           hash = (SELECT hash FROM audit WHERE seq = ?1)`,
        cut,
      );
      return this.#db.run("DELETE FROM audit WHERE seq <= ?", cut);
    });
  }

  #head(): AuditLink {
    return this.#db.get<AuditLink>("SELECT seq, hash FROM audit_head") ??
      missing("head");
  }

  #checkpoint(): AuditLink {
    return this.#db.get<AuditLink>("SELECT seq, hash FROM audit_checkpoint") ??
      missing("checkpoint");
  }
}

type StoredRecord = AuditRecord & Pick<AuditRow, "hash">;

/** A place in the chain. */
export type AuditLink = Pick<AuditRow, "seq" | "hash">;

/** Tells whether a chain that ends at `head` can still hold `link`. */
function reaches(head: AuditLink, link: AuditLink | undefined): boolean {
  return link === undefined || head.seq > link.seq ||
    (head.seq === link.seq && head.hash === link.hash);
}

function missing(what: string): never {
  throw new Error(`Cannot use the audit trail: its ${what} is missing`);
}

function toAuditRow(row: StoredRecord): AuditRow {
  return {
    ...row,
    at: isoTime(row.at),
    target: row.target === null ? null : JSON.parse(row.target),
    ok: row.ok === null ? null : row.ok === 1,
    facts: row.facts === null ? null : JSON.parse(row.facts),
  };
}
