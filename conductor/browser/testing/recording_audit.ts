import type {
  AuditIntent,
  AuditOutcome,
  AuditPort,
} from "../../../shared/audit.ts";

/** An audit that keeps its rows for a test to read. */
export class RecordingAudit implements AuditPort {
  readonly rows: {
    readonly intent: AuditIntent;
    outcome: AuditOutcome | undefined;
  }[] = [];

  begin(intent: AuditIntent) {
    const row: typeof this.rows[number] = { intent, outcome: undefined };
    this.rows.push(row);
    return { finish: (outcome: AuditOutcome) => void (row.outcome = outcome) };
  }
}
