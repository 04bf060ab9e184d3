import { Database as Connection } from "@db/sqlite";
import { z } from "zod";
import { type Clock, isoTime, systemClock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { within } from "../../shared/wait.ts";
import {
  auditHash,
  type AuditLink,
  type AuditRecord,
  auditValues,
} from "../store/mod.ts";

/** Rows between two turns of everything else: a few milliseconds. */
const ROWS_A_STEP = 100;
/** What takes longer is not done again for each who looks, but so rarely. */
const SHORT_MS = 1000;
const REST_TIMES = 10;

/**
 * Follows the chain from the checkpoint to the newest row in one consistent
 * view. It shows edits; who can rewrite the file can rewrite the whole chain.
 */
export function verifyAudit(connection: Connection): AuditVerdict {
  const steps = follow(connection, []);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/**
 * Verifies the trail that a running conductor writes: also that the rows are
 * still there which it remembers to have written. Others have their turn
 * meanwhile; who asks again before the end is told the same.
 */
export class AuditVerifier {
  readonly #options: AuditVerifierOptions;
  #running: Promise<AuditVerdict> | undefined;
  /** Rows that the running one has read. */
  #read = 0;
  #last: Verified | undefined;
  #trouble: string | undefined;
  /** By the steady clock: no look begins another before. */
  #again = 0;

  constructor(options: AuditVerifierOptions) {
    this.#options = options;
  }

  verify(): Promise<AuditVerdict> {
    return this.#running ??= this.#verify().finally(() => {
      this.#running = undefined;
    });
  }

  /**
   * What is known of the trail, for who looks: has it verified anew, and waits
   * at most `ms` for that. A long one goes on behind. Never throws.
   */
  async look(ms: number): Promise<AuditLook> {
    const { clock = systemClock } = this.#options;
    if (this.#running !== undefined || clock.monotonic() >= this.#again) {
      const verifying = this.verify().catch(() => {});
      await within(verifying, { ms, clock });
    }
    return {
      verified: this.#last,
      trouble: this.#trouble,
      reading: this.#running && this.#read,
    };
  }

  async #verify(): Promise<AuditVerdict> {
    const { clock = systemClock } = this.#options;
    const begun = clock.monotonic();
    this.#read = 0;
    try {
      const verdict = await this.#follow();
      this.#last = { at: isoTime(clock.now()), verdict };
      this.#trouble = undefined;
      return verdict;
    } catch (error) {
      this.#trouble = messageOf(error);
      throw error;
    } finally {
      const now = clock.monotonic();
      const took = now - begun;
      this.#again = took < SHORT_MS ? now : now + REST_TIMES * took;
    }
  }

  async #follow(): Promise<AuditVerdict> {
    const { path, remembered, pause } = this.#options;
    // What is remembered now is in every view that is opened later.
    const written = remembered();
    const connection = new Connection(path, {
      readonly: true,
      int64: true,
      parseJson: false,
    });
    try {
      connection.exec("PRAGMA busy_timeout = 5000");
      const walk = follow(connection, written);
      let step = walk.next();
      while (!step.done) {
        this.#read = step.value;
        await pause();
        step = walk.next();
      }
      return step.value;
    } finally {
      connection.close();
    }
  }
}

interface AuditVerifierOptions {
  readonly path: string;
  /** Rows that this process wrote and that must be there. */
  readonly remembered: () => readonly AuditLink[];
  /** Awaited between small steps, so that others have their turn. */
  readonly pause: () => Promise<void>;
  /** Dates the verdicts. Default: the system's. */
  readonly clock?: Clock;
}

/** A verdict on the trail, and of when it is. */
export interface Verified {
  /** ISO 8601. */
  readonly at: string;
  readonly verdict: AuditVerdict;
}

/** What is known of the trail by now. */
export interface AuditLook {
  /** The newest verdict of this process, of whoever asked for it. */
  readonly verified: Verified | undefined;
  /** Why the trail could not be read last; undefined: it could. */
  readonly trouble: string | undefined;
  /** Rows that are read by now of one that is being made; undefined: none is. */
  readonly reading: number | undefined;
}

/** What following the chain found. */
export const AuditVerdict = z.strictObject({
  ok: z.boolean(),
  /** Rows that were read and found in order. */
  rows: z.int(),
  /** The last row that retention removed; 0: none was. */
  checkpoint_seq: z.int(),
  /** The newest row, by the trail's own account. */
  head_seq: z.int(),
  head_hash: z.string(),
  /** The first row that is not in order, or not there. */
  first_bad_seq: z.int().nullable(),
  /** Intents without an outcome: work that a crash cut off, or that runs now. */
  open_intents: z.int(),
  /** The first thing that is not in order. */
  problem: z.string().nullable(),
});
export type AuditVerdict = z.infer<typeof AuditVerdict>;

type StoredRecord = AuditRecord & { readonly hash: string };

interface Fault {
  readonly seq: number;
  readonly problem: string;
}

/** Yields between steps how many rows were read; returns the verdict. */
function* follow(
  connection: Connection,
  remembered: readonly AuditLink[],
): Generator<number, AuditVerdict> {
  connection.exec("BEGIN");
  try {
    const checkpoint = linkIn(connection, "audit_checkpoint");
    const head = linkIn(connection, "audit_head");
    const open = new Set<string>();
    let last = checkpoint;
    let fault = faultOf(checkpoint, remembered);
    const rows = connection.prepare<StoredRecord>(
      "SELECT * FROM audit ORDER BY seq",
    );
    let step = 0;
    for (const row of rows) {
      fault ??= chainFault(row, last) ?? faultOf(row, remembered);
      if (fault !== undefined) break;
      last = row;
      if (row.phase === "intent") open.add(row.entry_id);
      else open.delete(row.entry_id);
      if (++step % ROWS_A_STEP === 0) yield step;
    }
    fault ??= endFault(last, head, remembered);
    return {
      ok: fault === undefined,
      rows: last.seq - checkpoint.seq,
      checkpoint_seq: checkpoint.seq,
      head_seq: head.seq,
      head_hash: head.hash,
      first_bad_seq: fault?.seq ?? null,
      open_intents: open.size,
      problem: fault?.problem ?? null,
    };
  } finally {
    connection.exec("COMMIT");
  }
}

function chainFault(row: StoredRecord, before: AuditLink): Fault | undefined {
  if (row.seq !== before.seq + 1) {
    const seq = before.seq + 1;
    return { seq, problem: `row ${seq} is missing: row ${row.seq} follows` };
  }
  if (auditHash(before.hash, auditValues(row)) === row.hash) return undefined;
  return { seq: row.seq, problem: `row ${row.seq} does not match its hash` };
}

function faultOf(
  { seq, hash }: AuditLink,
  remembered: readonly AuditLink[],
): Fault | undefined {
  return remembered.some((it) => it.seq === seq && it.hash !== hash)
    ? { seq, problem: `row ${seq} is not the one that conductor wrote` }
    : undefined;
}

function endFault(
  last: AuditLink,
  head: AuditLink,
  remembered: readonly AuditLink[],
): Fault | undefined {
  const written = Math.max(head.seq, ...remembered.map(({ seq }) => seq));
  if (last.seq === written && last.hash === head.hash) return undefined;
  return {
    seq: last.seq + 1,
    problem:
      `the trail ends at row ${last.seq}, but row ${written} was written`,
  };
}

function linkIn(connection: Connection, table: string): AuditLink {
  const row = connection.prepare(`SELECT seq, hash FROM ${table}`)
    .get<AuditLink>();
  if (row === undefined) throw new Error(`Cannot verify: ${table} is empty`);
  return row;
}
