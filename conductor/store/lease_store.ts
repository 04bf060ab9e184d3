import type { Fence, Identity } from "./model/controller.ts";
import type { Database } from "./database.ts";

/** The one row that says who leads. */
export class LeaseStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  read(): Lease {
    const row = this.#db.get<Lease>(
      `SELECT term, instance_id, controller_id, host, expires_at FROM lease`,
    );
    if (row === undefined) {
      throw new Error("Cannot read the lease: no such row");
    }
    return row;
  }

  /** Makes `identity` the holder, with the next term. Returns the term. */
  take(identity: Identity, expiresAt: number): number {
    const term = this.read().term + 1;
    this.#db.run(
      `UPDATE lease SET term = ?, instance_id = ?, controller_id = ?, host = ?,
         expires_at = ?`,
      term,
      identity.instance_id,
      identity.controller_id,
      identity.host,
      expiresAt,
    );
    return term;
  }

  /** Moves the end of the lease; false when somebody else has it by now. */
  renew(fence: Fence, expiresAt: number): boolean {
    const changed = this.#db.run(
      "UPDATE lease SET expires_at = ? WHERE instance_id = ? AND term = ?",
      expiresAt,
      fence.instance_id,
      fence.term,
    );
    return changed === 1;
  }

  /** Gives the lease back; false when it was not held. */
  release(fence: Fence): boolean {
    const changed = this.#db.run(
      `UPDATE lease SET instance_id = NULL, controller_id = NULL, host = NULL,
         expires_at = 0
       WHERE instance_id = ? AND term = ?`,
      fence.instance_id,
      fence.term,
    );
    return changed === 1;
  }

  holds(fence: Fence, now: number): boolean {
    const lease = this.read();
    return lease.instance_id === fence.instance_id &&
      lease.term === fence.term && lease.expires_at > now;
  }
}

/** The lease as it stands; `instance_id` is null when it was given back. */
export type Lease = {
  readonly term: number;
  readonly instance_id: string | null;
  readonly controller_id: string | null;
  readonly host: string | null;
  readonly expires_at: number;
};
