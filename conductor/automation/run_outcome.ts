import type { RunOutcome } from "../store/mod.ts";
import type { RunStopped } from "./task_kind.ts";

/** The outcome of a run that failed before, or without, its work's own word. */
export function failed(code: string, message: string): RunOutcome {
  return { ok: false, code, message, result: null };
}

/** What the work says is kept; that it was stopped explains its failure. */
export function stoppedOutcome(
  outcome: RunOutcome,
  reason: RunStopped | undefined,
): RunOutcome {
  if (outcome.ok || reason === undefined) return outcome;
  return { ...outcome, code: CODES[reason.why], message: reason.message };
}

const CODES: Readonly<Record<RunStopped["why"], string>> = {
  cancel: "CANCELED",
  timeout: "TASK_TIMEOUT",
  lost: "RUN_LOST",
};
