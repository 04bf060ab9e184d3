import { AuditStore } from "./audit_store.ts";
import { AutomationStore } from "./automation_store.ts";
import { BrowserStore } from "./browser_store.ts";
import { ControllerStore } from "./controller_store.ts";
import { CounterStore } from "./counter_store.ts";
import type { Redactor } from "../../shared/redact.ts";
import type { Database } from "./database.ts";
import { EventStore } from "./event_store.ts";
import { LeaseStore } from "./lease_store.ts";
import { LogStore } from "./log_store.ts";
import { NotificationStore } from "./notification_store.ts";
import { OwnerSessionStore } from "./owner_session_store.ts";
import { RunHistoryStore } from "./run_history_store.ts";
import { RunStore } from "./run_store.ts";
import { ScheduleStore } from "./schedule_store.ts";
import { TaskStore } from "./task_store.ts";
import { TokenStore } from "./token_store.ts";

/** One store a table. What others than its maker are shown has no secret in it. */
export function storesOf(db: Database, redactor: Redactor) {
  return {
    audit: new AuditStore(db),
    automation: new AutomationStore(db),
    browser: new BrowserStore(db),
    controllers: new ControllerStore(db),
    counters: new CounterStore(db),
    events: new EventStore(db, redactor),
    history: new RunHistoryStore(db),
    leases: new LeaseStore(db),
    logs: new LogStore(db),
    notifications: new NotificationStore(db),
    ownerSessions: new OwnerSessionStore(db),
    runs: new RunStore(db, redactor),
    schedules: new ScheduleStore(db, redactor),
    tasks: new TaskStore(db, redactor),
    tokens: new TokenStore(db),
  };
}

export type Stores = ReturnType<typeof storesOf>;
