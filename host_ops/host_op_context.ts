import type { AuditActor, AuditPort } from "../shared/audit.ts";
import type { Hold } from "../shared/byte_budget.ts";
import type { InFlight } from "../shared/wait.ts";

/** Who asks, and how long for. */
export interface HostOpContext {
  readonly actor: AuditActor;
  /**
   * Keeps the result's bytes in the budget until it calls `release`: when the
   * result has been passed on. Default: they are given back at once.
   */
  readonly hold?: Hold;
  /** Kills the command when it aborts. */
  readonly signal: AbortSignal;
}

/** What every operation works with. */
export interface HostOpPorts {
  /** Where relative paths begin and commands run that do not say, absolute. */
  readonly cwd: string;
  readonly audit: AuditPort;
  readonly inFlight: InFlight;
  /** Aborts when the daemon stops. */
  readonly stopping: AbortSignal;
}
