import { dirname, join } from "@std/path";
import type { Clock } from "../../shared/clock.ts";
import type { NewId } from "../../shared/ids.ts";
import type { Logger } from "../../shared/log.ts";
import type { Redactor } from "../../shared/redact.ts";
import {
  type Database,
  type Identity,
  LockFiles,
  openDatabase,
  type Stores,
  storesOf,
} from "../store/mod.ts";
import { AuditLog } from "./audit_log.ts";
import { ChangeFeed } from "./change_feed.ts";
import { EventService } from "./event_service.ts";
import { HeldCalls } from "./held_calls.ts";
import { StorageHealth } from "./storage_health.ts";

/** The open database, its stores, and what every feature needs of it. */
export interface Store {
  readonly db: Database;
  readonly stores: Stores;
  readonly identity: Identity;
  readonly feed: ChangeFeed;
  readonly held: HeldCalls;
  readonly events: EventService;
  readonly audit: AuditLog;
  readonly health: StorageHealth;
  /** Whether a conductor process of this machine has surely ended. */
  isDead(instanceId: string): boolean;
  close(): void;
}

/**
 * Opens the database and what stands directly on it.
 * @throws when the database is damaged or from a newer version
 */
export function openStore(options: StoreOptions): Store {
  const { path, identity, enforcedAudit, redactor, clock } = options;
  const db = openDatabase(path);
  const locks = new LockFiles(join(dirname(path), "instances"));
  if (path !== ":memory:") locks.hold(identity.instance_id);
  const stores = storesOf(db, redactor);
  const feed = new ChangeFeed(db, clock);
  const audit = new AuditLog({
    ...options,
    db,
    store: stores.audit,
    enforced: enforcedAudit,
  });
  const health = new StorageHealth({ ...options, db });
  const events = new EventService({
    ...options,
    db,
    events: stores.events,
    feed,
  });
  return {
    db,
    stores,
    identity,
    feed,
    held: new HeldCalls(feed, clock),
    events,
    audit,
    health,
    isDead: (instanceId) => locks.isDead(instanceId),
    close() {
      health.stop();
      audit.close();
      db.close();
      locks.release();
    },
  };
}

interface StoreOptions {
  readonly path: string;
  readonly identity: Identity;
  /** Whether what the audit cannot record is refused. */
  readonly enforcedAudit: boolean;
  readonly newId: NewId;
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly log: Logger;
}
