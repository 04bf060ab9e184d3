import { isoTime } from "../../shared/clock.ts";
import type { PageRequest } from "../../shared/page.ts";
import type { Controller, Identity } from "./model/controller.ts";
import type { Database } from "./database.ts";
import { type Page, readPage } from "./list.ts";

/** The conductor processes that use this database. */
export class ControllerStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  register(identity: Identity, at: number): void {
    const times = { started_at: at, last_heartbeat_at: at };
    this.#db.insert("controllers", { ...identity, ...times });
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

  /** Newest first. Those silent for `leaseMs` are shown as lost. */
  list(
    page: PageRequest,
    times: { readonly now: number; readonly leaseMs: number },
  ): Page<Controller> {
    return readPage<ControllerRow, Controller>(this.#db, {
      name: "controllers",
      columns: `c.*, (SELECT l.expires_at FROM lease l
        WHERE l.instance_id = c.instance_id) AS lease_expires_at`,
      table: "controllers c",
      indexes: {},
      toItem: (row) => toController(row, times),
    }, page);
  }
}

type ControllerRow = {
  readonly seq: number;
  readonly instance_id: string;
  readonly controller_id: string;
  readonly host: string;
  readonly version: string;
  readonly started_at: number;
  readonly last_heartbeat_at: number;
  /** Of a controller that has it. */
  readonly lease_expires_at: number | null;
};

function toController(
  row: ControllerRow,
  { now, leaseMs }: { readonly now: number; readonly leaseMs: number },
): Controller {
  const leads = (row.lease_expires_at ?? 0) > now;
  const alive = row.last_heartbeat_at >= now - leaseMs;
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
