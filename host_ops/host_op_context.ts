import type { AuditActor } from "../shared/audit.ts";
import type { Hold } from "../shared/byte_budget.ts";

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
