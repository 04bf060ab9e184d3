import type { AuditPort } from "../shared/audit.ts";
import type { PathBase } from "../shared/user_path.ts";
import type { InFlight } from "../shared/wait.ts";

/** What every operation works with. */
export interface HostOpPorts extends PathBase {
  readonly audit: AuditPort;
  readonly inFlight: InFlight;
  /** Aborts when the daemon stops. */
  readonly stopping: AbortSignal;
}
