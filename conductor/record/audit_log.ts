import type {
  AuditActor,
  AuditEntry,
  AuditIntent,
  AuditOutcome,
  AuditPort,
} from "../../shared/audit.ts";
import type { Clock } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import type { NewId } from "../../shared/ids.ts";
import type { Logger } from "../../shared/log.ts";
import type { AuditRecord, Identity, Stores } from "../store/mod.ts";

/** Outcomes that wait for the database; beyond, they are only counted. */
const MAX_WAITING = 1000;

/**
 * Records each write, exec and host operation in the database: what is about to
 * happen, before it does, and how it ended. An outcome that cannot be written
 * waits for the next row that can.
 */
export class AuditLog implements AuditPort {
  readonly #options: AuditLogOptions;
  #waiting: NewRecord[] = [];
  #failing = false;
  #lost = 0;

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  /** What is wrong with the audit now, or undefined. */
  get trouble(): string | undefined {
    const { missing } = this.#options.store;
    if (missing !== undefined) {
      return `the audit trail was changed: row ${missing.seq} is not there any more`;
    }
    const waiting = this.#waiting.length;
    if (!this.#failing && waiting === 0) return undefined;
    return `the audit trail cannot be written: ${waiting} outcomes wait, ` +
      `${this.#lost} rows were lost`;
  }

  /** Rows that were never written. */
  get lost(): number {
    return this.#lost;
  }

  begin(intent: AuditIntent): Promise<AuditEntry> {
    const { newId, clock, log, enforced } = this.#options;
    const entryId = newId("audit");
    const record = this.#record(intent, {
      entry_id: entryId,
      phase: "intent",
      at: clock.now(),
      target: JSON.stringify(intent.target),
    });
    try {
      this.#append(record);
    } catch (cause) {
      log.error("Cannot record an intent", {
        action: intent.action,
        error: cause,
      });
      if (enforced) {
        return Promise.reject(
          new AppError(
            "NOT_READY",
            `Cannot start "${intent.action}": the audit trail cannot be written`,
            { cause },
          ),
        );
      }
      this.#lost++;
    }
    return Promise.resolve({
      finish: (outcome) => this.#finish(intent, entryId, outcome),
    });
  }

  /** Tries again to write the outcomes that wait. */
  retry(): void {
    if (this.#waiting.length === 0) return;
    try {
      this.#flush();
    } catch {
      // It is told already, and tried again.
    }
  }

  #finish(intent: AuditIntent, entryId: string, outcome: AuditOutcome): void {
    const record = this.#record(intent, {
      entry_id: entryId,
      phase: "outcome",
      at: this.#options.clock.now(),
      ok: outcome.ok ? 1 : 0,
      code: outcome.code ?? null,
      facts: outcome.facts === undefined ? null : JSON.stringify(outcome.facts),
    });
    try {
      this.#append(record);
    } catch (error) {
      const { action } = intent;
      this.#options.log.error("Cannot record an outcome", { action, error });
      if (this.#waiting.length < MAX_WAITING) this.#waiting.push(record);
      else this.#lost++;
    }
  }

  #append(record: NewRecord): void {
    try {
      this.#flush();
      this.#store(record);
      this.#failing = false;
    } catch (error) {
      this.#failing = true;
      throw error;
    }
  }

  #flush(): void {
    while (this.#waiting[0] !== undefined) {
      this.#store(this.#waiting[0]);
      this.#waiting.shift();
    }
    this.#failing = false;
  }

  #store(record: NewRecord): void {
    const { store, log } = this.#options;
    const known = store.missing;
    store.append(record);
    if (store.missing !== known) {
      log.error("The audit trail was changed", { missing: store.missing });
    }
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

interface AuditLogOptions {
  readonly store: Stores["audit"];
  readonly identity: Identity;
  /** Whether what cannot be recorded is refused. */
  readonly enforced: boolean;
  readonly newId: NewId;
  readonly clock: Clock;
  readonly log: Logger;
}
