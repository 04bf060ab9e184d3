import { isoTime } from "../../shared/clock.ts";
import type { Mode, ModeChange, SystemState } from "./model/system_state.ts";
import type { Database } from "./database.ts";

/** The one row that holds the mode. */
export class AutomationStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  get(): SystemState["automation"] {
    const row = this.#db.get<AutomationRow>(
      "SELECT mode, updated_at, requested_by, reason, source FROM automation",
    );
    if (row === undefined) throw new Error("Cannot read the mode: no such row");
    return { ...row, updated_at: isoTime(row.updated_at) };
  }

  set(mode: Mode, change: ModeChange & { readonly at: number }): void {
    this.#db.run(
      `UPDATE automation
       SET mode = ?, updated_at = ?, requested_by = ?, reason = ?, source = ?`,
      mode,
      change.at,
      change.requested_by,
      change.reason,
      change.source,
    );
  }
}

type AutomationRow = {
  readonly mode: Mode;
  readonly updated_at: number;
  readonly requested_by: string | null;
  readonly reason: string | null;
  readonly source: string | null;
};
