import type { Database } from "./database.ts";

/** The owner's sessions by the hashes of their cookies. */
export class OwnerSessionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Adds one, and removes those over by `now` and all but the newest `most`. */
  open(
    session: { readonly hash: string; readonly ends_at: number },
    { now, most }: { readonly now: number; readonly most: number },
  ): void {
    this.#db.write(() => {
      this.#db.insert("owner_sessions", session);
      this.#db.run(
        `DELETE FROM owner_sessions WHERE ends_at <= ? OR seq NOT IN
           (SELECT seq FROM owner_sessions ORDER BY seq DESC LIMIT ?)`,
        now,
        most,
      );
    });
  }

  /** When a session ends, or ended; undefined: there is none. */
  endOf(hash: string): number | undefined {
    return this.#db.get<{ readonly ends_at: number }>(
      "SELECT ends_at FROM owner_sessions WHERE hash = ?",
      hash,
    )?.ends_at;
  }

  end(hashes: readonly string[]): void {
    this.#db.write(() => {
      for (const hash of hashes) {
        this.#db.run("DELETE FROM owner_sessions WHERE hash = ?", hash);
      }
    });
  }
}
