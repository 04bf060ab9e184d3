import type {
  AuditEntry,
  AuditIntent,
  AuditOutcome,
  AuditPort,
} from "../../shared/audit.ts";
import { systemClock } from "../../shared/clock.ts";
import { silentLogger } from "../../shared/testing/fakes.ts";
import { childEnvironment } from "../process/environment.ts";
import {
  createHostOps,
  type HostOpContext,
  type HostOps,
  type HostOpsOptions,
} from "../mod.ts";

/** An intent and, once it is known, how it ended. */
export interface RecordedAudit {
  readonly intent: AuditIntent;
  outcome?: AuditOutcome;
}

/** Audit that keeps its rows for a test to read. */
export class RecordingAudit implements AuditPort {
  readonly rows: RecordedAudit[] = [];

  begin(intent: AuditIntent): AuditEntry {
    const row: RecordedAudit = { intent };
    this.rows.push(row);
    return { finish: (outcome) => void (row.outcome = outcome) };
  }
}

/** Who asks in tests. */
export const CALLER: HostOpContext = { actor: { source: "http" } };

/** Host operations as they are by default, on the machine's own clock. */
export function testHostOps(options: Partial<HostOpsOptions> = {}): HostOps {
  return createHostOps({
    cwd: "/",
    shell: "/bin/sh",
    environment: childEnvironment({
      own: (name) => name === "HOME" ? "/" : undefined,
      shell: "/bin/sh",
    }),
    ownPaths: [],
    audit: new RecordingAudit(),
    clock: systemClock,
    log: silentLogger,
    ...options,
  });
}
