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
  StorageError,
  type Stores,
  storesOf,
} from "../store/mod.ts";
import { AuditLog } from "./audit_log.ts";
import { backupFiles } from "./backup_files.ts";
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
 * Opens the database and what stands directly on it. One that is damaged, is not
 * ours, or is gone, is left as it is: everything else stands on one that gave up.
 * @throws {StorageError} what may pass by itself
 */
export function openStore(options: StoreOptions): Store {
  const { path, identity } = options;
  // Its folder is made once the first database is there.
  const instances = join(dirname(path), "instances");
  const locks = new LockFiles(instances);
  const db = openOrGiveUp(path, instances);
  const isUsed = db.damage === undefined;
  if (path !== ":memory:" && isUsed) locks.hold(identity.instance_id);
  const store = storeOn(db, options);
  return {
    ...store,
    isDead: (instanceId) => locks.isDead(instanceId),
    close() {
      store.close();
      locks.release();
    },
  };
}

/** What stands on an open database, whoever knows which processes live. */
export function storeOn(
  db: Database,
  options: StoreOptions,
): Omit<Store, "isDead"> {
  const { identity, enforcedAudit, redactor, clock } = options;
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
    close() {
      health.stop();
      audit.close();
      db.close();
    },
  };
}

function openOrGiveUp(path: string, instances: string): Database {
  const backups = join(dirname(path), "backups");
  try {
    const mustExist = path !== ":memory:" &&
      (isThere(instances) || backupFiles(backups).length > 0);
    return openDatabase(path, { mustExist });
  } catch (error) {
    if (!(error instanceof StorageError) || error.trouble !== "damaged") {
      throw error;
    }
    const none = openDatabase(":memory:");
    none.giveUp(error);
    return none;
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
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
