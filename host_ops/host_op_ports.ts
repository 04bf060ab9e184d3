import type { AuditPort } from "../shared/audit.ts";
import type { InFlight } from "../shared/wait.ts";

/** What every operation works with. */
export interface HostOpPorts {
  /** Where relative paths begin and commands run that do not say, absolute. */
  readonly cwd: string;
  readonly audit: AuditPort;
  readonly inFlight: InFlight;
  /** Aborts when the daemon stops. */
  readonly stopping: AbortSignal;
}
