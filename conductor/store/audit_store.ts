import { isoTime } from "../../shared/clock.ts";
import type { PageRequest } from "../../shared/page.ts";
import type { AuditFilter, AuditRow } from "./model/audit_row.ts";
import {
  AUDIT_COLUMNS,
  auditHash,
  type AuditRecord,
  auditValues,
} from "./audit_hash.ts";
import type { Database } from "./database.ts";
import type { TrimLimits } from "./event_store.ts";
import {
  type List,
  pageOf,
  placeOf,
  type Poll,
  pollOf,
  readRows,
} from "./list.ts";

const LIST: List<StoredRecord, AuditRow> = {
  name: "audit",
  columns: "*",
  table: "audit a",
  indexes: {},
  toItem: toAuditRow,
};

/** The index that finds the fewest rows, of the filters that are set. */
const INDEXES = [
  [["request_id"], "audit_by_request"],
  [["task_id"], "audit_by_task"],
  [["actor", "action"], "audit_by_actor_action"],
  [["action"], "audit_by_action"],
  [["actor"], "audit_by_actor"],
  [["source"], "audit_by_source"],
] as const;

/** Rows that were written together are not in the order of their times. */
const UNORDERED = 200;

const INSERT = `INSERT INTO audit (${AUDIT_COLUMNS.join()}, hash)
  VALUES (${"?, ".repeat(AUDIT_COLUMNS.length)}?)`;

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
      const seq = head.seq + 1;
      const values = auditValues({ ...record, seq });
      const hash = auditHash(head.hash, values);
      this.#db.run(INSERT, ...values, hash);
      head = { seq, hash };
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

  /** Newest first. `last_seq` is the newest row's, whatever its page shows. */
  list(filter: AuditFilter, { limit, cursor }: PageRequest): Poll<AuditRow> {
    this.#db.flush();
    const { seq: last_seq } = this.#head();
    const below = cursor === undefined ? undefined : placeOf("audit", cursor);
    const rows = this.#rows(filter, { below, limit: limit + 1 });
    const page = pageOf("audit", rows, { limit, toItem: toAuditRow });
    return { ...page, last_seq, gap: null };
  }

  /** What comes after `seq`, oldest first. */
  poll(
    filter: AuditFilter,
    { after: seq, limit }: { readonly after: number; readonly limit: number },
  ): Poll<AuditRow> {
    this.#db.flush();
    const { seq: last } = this.#head();
    const first = this.#checkpoint().seq + 1;
    const after = Math.min(seq, last);
    const rows = this.#rows(filter, {
      above: after,
      limit: limit + 1,
      isOldestFirst: true,
    });
    const options = { after, first, last, limit, toItem: toAuditRow };
    return { ...pollOf("audit", rows, options), next_cursor: null };
  }

  /** Whether a row with this action was ever written, and is kept. */
  knows(action: string): boolean {
    return this.#rows({ actions: [action] }, { limit: 1 }).length > 0;
  }

  #rows(
    { actions, since, ...filter }: AuditFilter,
    { above = 0, ...range }: AuditRange,
  ): StoredRecord[] {
    const floor = since === undefined ? 0 : this.#firstSince(since) - 1;
    const rows = (actions ?? [undefined]).flatMap((action) => {
      const all = { ...filter, action };
      const set = Object.entries(all).filter(([, it]) => it !== undefined);
      const [, index] = INDEXES.find(([names]) =>
        names.every((name) =>
          all[name] !== undefined
        )
      ) ?? [];
      const key = set.map(([name]) => name).join();
      const indexes = index === undefined
        ? LIST.indexes
        : { [key]: `INDEXED BY ${index}` };
      return readRows(this.#db, { ...LIST, indexes }, {
        ...range,
        above: Math.max(above, floor),
        filter: all,
      });
    });
    if ((actions?.length ?? 1) === 1) return rows;
    const way = range.isOldestFirst ? 1 : -1;
    return rows.sort((a, b) => way * (a.seq - b.seq)).slice(0, range.limit);
  }

  /** The number of the first row at or after a time; past the end when none is. */
  #firstSince(at: number): number {
    const rows = this.#db.all<{ seq: number }>(
      `SELECT seq FROM audit INDEXED BY audit_by_time WHERE at >= ?
       ORDER BY at LIMIT ${UNORDERED}`,
      at,
    );
    return Math.min(this.#head().seq + 1, ...rows.map(({ seq }) => seq));
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

interface AuditRange {
  readonly above?: number;
  readonly below?: number | undefined;
  readonly limit: number;
  readonly isOldestFirst?: boolean;
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
