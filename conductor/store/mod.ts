export {
  AUDIT_FORMULA,
  auditHash,
  type AuditRecord,
  auditValues,
} from "./audit_hash.ts";
export type { AuditLink } from "./audit_store.ts";
export type { BrowserStore } from "./browser_store.ts";
export { Database, openDatabase } from "./database.ts";
export { dueKey } from "./due_key.ts";
export type { Piece } from "./group_commit.ts";
export { inspectDatabase } from "./inspect_database.ts";
export type { Lease } from "./lease_store.ts";
export type { Page, Poll } from "./list.ts";
export { LockFiles } from "./lock_files.ts";
export * from "./model/audit_row.ts";
export * from "./model/browser_record.ts";
export * from "./model/controller.ts";
export * from "./model/event.ts";
export * from "./model/log_entry.ts";
export * from "./model/run.ts";
export * from "./model/schedule.ts";
export * from "./model/system_state.ts";
export * from "./model/task.ts";
export * from "./model/token.ts";
export type {
  NotificationCounts,
  NotificationRow,
} from "./notification_store.ts";
export type { RunCount, RunHistoryStore } from "./run_history_store.ts";
export type { RunEnd, RunRow } from "./run_store.ts";
export type { ScheduleRow } from "./schedule_store.ts";
export { StorageError, toStorageError } from "./storage_error.ts";
export { type Stores, storesOf } from "./stores.ts";
export type { TaskRow } from "./task_row.ts";
export type { FinishedTask, TaskEnd, TaskInsert } from "./task_store.ts";
export { withoutValues } from "./without_values.ts";
