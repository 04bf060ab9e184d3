export { auditHash, type AuditRecord } from "./audit_hash.ts";
export type { AuditStore } from "./audit_store.ts";
export type { AutomationStore } from "./automation_store.ts";
export type { BrowserStore } from "./browser_store.ts";
export type { ControllerStore } from "./controller_store.ts";
export type { CounterStore } from "./counter_store.ts";
export { Database, openDatabase } from "./database.ts";
export type { EventStore } from "./event_store.ts";
export type { FinishedTask, FinishedTaskStore } from "./finished_task_store.ts";
export type { Lease, LeaseStore } from "./lease_store.ts";
export type { Page } from "./list.ts";
export { LockFiles } from "./lock_files.ts";
export type { LogStore } from "./log_store.ts";
export { AuditRow } from "./model/audit_row.ts";
export { Backup } from "./model/backup.ts";
export type {
  ClientRow,
  CredentialRow,
  EndpointRow,
  TabRow,
} from "./model/browser_record.ts";
export { Controller, type Fence, type Identity } from "./model/controller.ts";
export {
  EVENT_SCHEMAS,
  type EventData,
  type EventType,
  type StoredEvent,
} from "./model/event.ts";
export {
  LogEntry,
  LogLevel,
  LogStream,
  type NewLogLine,
} from "./model/log_entry.ts";
export { Run, RunOutcome, RunStatus } from "./model/run.ts";
export {
  Leader,
  Mode,
  ModeChange,
  PublicState,
  SystemState,
} from "./model/system_state.ts";
export {
  Failure,
  MAX_PAYLOAD_BYTES,
  NewTask,
  Task,
  TaskDetail,
  type TaskFilter,
  TaskStatus,
  TaskSummary,
} from "./model/task.ts";
export type { RunCount, RunHistoryStore } from "./run_history_store.ts";
export type { RunRow, RunStore } from "./run_store.ts";
export { type Stores, storesOf } from "./stores.ts";
export { StorageError, toStorageError } from "./storage_error.ts";
export { type TaskRow, toTask } from "./task_row.ts";
export type { TaskStore } from "./task_store.ts";
