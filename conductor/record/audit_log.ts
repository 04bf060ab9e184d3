import type {
  AuditActor,
  AuditEntry,
  AuditIntent,
  AuditOutcome,
  AuditPort,
} from "../../shared/audit.ts";
import type { Clock, Timer } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import type { NewId } from "../../shared/ids.ts";
import type { Logger } from "../../shared/log.ts";
import type {
  AuditLink,
  AuditRecord,
  Database,
  Identity,
  Piece,
  Stores,
} from "../store/mod.ts";

/** Outcomes that wait for a broken database; beyond, they are only counted. */
const MAX_WAITING = 1000;
/** An outcome waits this long for an intent or a task to share its commit with. */
const LINGER_MS = 10;
/** How often it is tried to write again when that has failed. */
const RETRY_MS = 1000;

/**
 * Records each write, exec and host operation in the database: what is about to
 * happen, before it does, and how it ended. Rows that come together share a
 * commit. An outcome that cannot be written waits until one can, which is tried
 * again by itself.
 */
export class AuditLog implements AuditPort {
  readonly #options: AuditLogOptions;
  readonly #piece: Piece<AuditLink>;
  /** What is not on the disk yet, in order. */
  #rows: Waiting[] = [];
  /** How many of them are in the transaction that runs. */
  #taken = 0;
  /** Whether the next transaction takes them along. */
  #isJoined = false;
  /** When the oldest outcome of them came, monotonically. */
  #since = 0;
  #timer: Timer | undefined;
  #isClosed = false;
  #failing = false;
  #lost = 0;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#piece = {
      isVital: options.enforced,
      work: () => this.#append(),
      done: (link) => this.#written(link),
      failed: (error) => this.#failed(error),
    };
  }

  /** What is wrong with the audit now, or undefined. */
  get trouble(): string | undefined {
    const { missing } = this.#options.store;
    if (missing !== undefined) {
      return `the audit trail was changed: row ${missing.seq} is not there any more`;
    }
    if (!this.#failing) return undefined;
    return `the audit trail cannot be written: ${this.#rows.length} outcomes ` +
      `wait, ${this.#lost} rows were lost`;
  }

  /** Rows that were never written. */
  get lost(): number {
    return this.#lost;
  }

  async begin(intent: AuditIntent): Promise<AuditEntry> {
    const { newId, clock, enforced } = this.#options;
    const entryId = newId("audit");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const record = this.#record(intent, {
      entry_id: entryId,
      phase: "intent",
      at: clock.now(),
      target: JSON.stringify(intent.target),
    });
    this.#rows.push({ record, resolve, reject });
    this.#join();
    try {
      await promise;
    } catch (cause) {
      if (enforced) {
        throw new AppError(
          "NOT_READY",
          `Cannot start "${intent.action}": the audit trail cannot be written`,
          { cause },
        );
      }
    }
    return {
      finish: (outcome, { linger = false } = {}) =>
        this.#finish(intent, entryId, { outcome, linger }),
    };
  }

  /** Writes what waits, if it can; what cannot be written then is lost. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    if (this.#rows.length > 0) this.#join();
    this.#options.db.flush();
  }

  /** Has what waits written with the next transaction. */
  #join(): void {
    const { db } = this.#options;
    if (!this.#isJoined) db.add(this.#piece);
    this.#isJoined = true;
    db.hurry();
  }

  #finish(
    intent: AuditIntent,
    entryId: string,
    { outcome, linger }: AuditEnd,
  ): Promise<void> {
    if (this.#failing && this.#rows.length >= MAX_WAITING) {
      this.#lost++;
      return Promise.resolve();
    }
    const { clock, db } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const record = this.#record(intent, {
      entry_id: entryId,
      phase: "outcome",
      at: clock.now(),
      ok: outcome.ok ? 1 : 0,
      code: outcome.code ?? null,
      facts: outcome.facts === undefined ? null : JSON.stringify(outcome.facts),
    });
    this.#rows.push({ record, resolve });
    // While nothing can be written, the next intent or try takes it along.
    if (this.#failing) return Promise.resolve();
    if (!linger) {
      this.#join();
      return promise;
    }
    if (!this.#isJoined) {
      this.#isJoined = true;
      this.#since = clock.monotonic();
      db.add(this.#piece);
      this.#timer ??= this.#after(LINGER_MS);
    }
    return Promise.resolve();
  }

  #after(ms: number): Timer {
    const { clock, db } = this.#options;
    return clock.after(ms, () => {
      this.#timer = undefined;
      if (this.#failing) return this.#join();
      const left = this.#since + LINGER_MS - clock.monotonic();
      if (left <= 0) db.flush();
      else if (this.#isJoined) this.#timer = this.#after(left);
    });
  }

  #append(): AuditLink {
    const { store, log } = this.#options;
    const known = store.missing;
    this.#taken = this.#rows.length;
    const link = store.append(this.#rows.map(({ record }) => record));
    if (store.missing !== known) {
      log.error("The audit trail was changed", { missing: store.missing });
    }
    return link;
  }

  #written(link: AuditLink): void {
    const { store, log } = this.#options;
    this.#isJoined = false;
    if (this.#taken > 0) store.remember(link);
    for (const row of this.#rows.splice(0, this.#taken)) row.resolve();
    if (!this.#failing) return;
    this.#failing = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    log.info("The audit trail can be written again", { lost: this.#lost });
  }

  #failed(error: unknown): void {
    const { enforced, log } = this.#options;
    this.#isJoined = false;
    this.#failing = true;
    const rows = this.#rows;
    this.#rows = [];
    for (const row of rows) {
      const { action, phase } = row.record;
      if (!row.isTold) {
        log.error(`Cannot record an ${phase}`, { action, error });
      }
      if (row.reject === undefined && this.#rows.length < MAX_WAITING) {
        this.#rows.push({ ...row, isTold: true });
      } else if (row.reject === undefined || !enforced) this.#lost++;
      if (row.reject === undefined) row.resolve();
      else row.reject(error);
    }
    this.#timer?.cancel();
    if (!this.#isClosed) this.#timer = this.#after(RETRY_MS);
  }

  #record(
    { action, actor }: { readonly action: string; readonly actor: AuditActor },
    rest: Pick<NewRecord, "entry_id" | "phase" | "at"> & Partial<NewRecord>,
  ): NewRecord {
    const { controller_id, instance_id } = this.#options.identity;
    return {
      action,
      controller_id,
      instance_id,
      actor: actor.name,
      source: actor.source,
      request_id: actor.request_id ?? null,
      remote_address: actor.remote_address ?? null,
      task_id: actor.task_id ?? null,
      run_id: actor.run_id ?? null,
      target: null,
      ok: null,
      code: null,
      facts: null,
      ...rest,
    };
  }
}

type NewRecord = Omit<AuditRecord, "seq">;

/** How work ended, and whether that may wait for other rows. */
interface AuditEnd {
  readonly outcome: AuditOutcome;
  readonly linger: boolean;
}

/** A row that is not on the disk yet, and who waits for it. */
interface Waiting {
  readonly record: NewRecord;
  readonly resolve: () => void;
  /** Only of an intent: an outcome waits until it can be written. */
  readonly reject?: (error: unknown) => void;
  /** Whether it was logged that it cannot be written. */
  readonly isTold?: boolean;
}

interface AuditLogOptions {
  readonly db: Pick<Database, "add" | "hurry" | "flush">;
  readonly store: Stores["audit"];
  readonly identity: Identity;
  /** Whether what cannot be recorded is refused. */
  readonly enforced: boolean;
  readonly newId: NewId;
  readonly clock: Clock;
  readonly log: Logger;
}
