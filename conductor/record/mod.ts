export { AuditVerdict, AuditVerifier, verifyAudit } from "./audit_verify.ts";
export { backupDatabase } from "./backup.ts";
export { Backup, BackupService } from "./backup_service.ts";
export { ChangeFeed } from "./change_feed.ts";
export { EventService } from "./event_service.ts";
export { HeldCalls } from "./held_calls.ts";
export { openStore, type Store } from "./store.ts";
