export {
  type AuditLook,
  AuditVerdict,
  AuditVerifier,
  verifyAudit,
} from "./audit_verify.ts";
export { backupDatabase } from "./backup.ts";
export { backupFiles } from "./backup_files.ts";
export { Backup, BackupService } from "./backup_service.ts";
export { ChangeFeed } from "./change_feed.ts";
export { DailyBackup } from "./daily_backup.ts";
export { EventService } from "./event_service.ts";
export { HeldCalls } from "./held_calls.ts";
export { LogService, ServiceLogEntry } from "./log_service.ts";
export { openStore, type Store } from "./store.ts";
