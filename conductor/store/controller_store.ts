import { isoTime } from "../../shared/clock.ts";
import type { Controller, Identity } from "./model/controller.ts";
import {
  type Page,
  pageOf,
  type PageRequest,
  readCursor,
} from "./model/page.ts";
import type { Database } from "./database.ts";

const LIST = "controllers";

type ControllerRow = {
  readonly seq: number;
  readonly instance_id: string;
  readonly controller_id: string;
  readonly host: string;
  readonly version: string;
  readonly started_at: number;
  readonly last_heartbeat_at: number;
  readonly leads: number;
};

/** The conductor processes that use this database. */
export class ControllerStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  register(identity: Identity, at: number): void {
    this.#db.run(
      `INSERT INTO controllers
         (instance_id, controller_id, host, version, started_at,
          last_heartbeat_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
      identity.instance_id,
      identity.controller_id,
      identity.host,
      identity.version,
      at,
      at,
    );
  }

  /** Notes that the process lives; false when its row was removed meanwhile. */
  heartbeat(instanceId: string, at: number): boolean {
    return this.#db.run(
      "UPDATE controllers SET last_heartbeat_at = ? WHERE instance_id = ?",
      at,
      instanceId,
    ) === 1;
  }

  remove(instanceId: string): void {
    this.#db.run("DELETE FROM controllers WHERE instance_id = ?", instanceId);
  }

  /**
   * Removes the rows of dead processes: those whose name another one has taken
   * and that were silent since `silentSince`, and all silent since `goneSince`.
   */
  prune(
    controllerId: string,
    times: { readonly silentSince: number; readonly goneSince: number },
  ): void {
    this.#db.run(
      `DELETE FROM controllers WHERE last_heartbeat_at < ?1
         OR (last_heartbeat_at < ?2 AND controller_id = ?3)`,
      times.goneSince,
      times.silentSince,
      controllerId,
    );
  }

  /** Newest first. Those silent since `silentSince` are shown as lost. */
  list(
    page: PageRequest,
    times: { readonly now: number; readonly silentSince: number },
  ): Page<Controller> {
    const before = page.cursor === undefined
      ? Number.MAX_SAFE_INTEGER
      : readCursor(LIST, page.cursor);
    const rows = this.#db.all<ControllerRow>(
      `SELECT c.*, EXISTS (
         SELECT 1 FROM lease l
         WHERE l.instance_id = c.instance_id AND l.expires_at > ?
       ) AS leads
       FROM controllers c WHERE c.seq < ? ORDER BY c.seq DESC LIMIT ?`,
      times.now,
      before,
      page.limit + 1,
    );
    return pageOf(LIST, rows, {
      limit: page.limit,
      toItem: (row) => toController(row, times.silentSince),
    });
  }
}

function toController(row: ControllerRow, silentSince: number): Controller {
  const leads = row.leads === 1;
  const alive = row.last_heartbeat_at >= silentSince;
  return {
    controller_id: row.controller_id,
    instance_id: row.instance_id,
    host: row.host,
    role: leads ? "leader" : alive ? "standby" : "lost",
    is_leader: leads,
    version: row.version,
    started_at: isoTime(row.started_at),
    last_heartbeat_at: isoTime(row.last_heartbeat_at),
  };
}
