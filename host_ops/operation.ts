import type { AuditActor } from "../shared/audit.ts";
import type { InputIssue } from "../shared/errors.ts";
import { HostOpFailure } from "./failure.ts";

/** Who asks, and how long for. */
export interface HostOpContext {
  readonly actor: AuditActor;
  /**
   * Keeps the result's bytes in the budget until it calls `release`: when the
   * result has been passed on. Default: they are given back at once.
   */
  readonly hold?: (release: () => void) => void;
  /** Kills the command when it aborts. */
  readonly signal?: AbortSignal;
}

/** Returns the failure of a request that is wrong; `issues` is not empty. */
export function inputFailure(issues: readonly InputIssue[]): HostOpFailure {
  const [first, ...more] = issues;
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  return new HostOpFailure("INVALID_INPUT", `${first?.message}${others}`, {
    details: { issues },
  });
}
