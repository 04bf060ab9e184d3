import type { WaitsFor } from "../store/mod.ts";
import type { NextCall } from "../../shared/next_call.ts";

/** Returns the call that reads on in a task's log. */
export function nextLines(taskId: string, lastSeq: number): NextCall {
  return {
    method: "GET",
    path: `/v1/tasks/${taskId}/logs?after=${lastSeq}&wait_ms=30000`,
    why: "the lines that come next, as soon as there are any",
  };
}

/** Returns the calls that lead to what a task waits for. */
export function nextAnswers(waitsFor: readonly WaitsFor[]): NextCall[] {
  if (waitsFor.length === 0) return [];
  return [
    {
      method: "GET",
      path: "/v1/codex/approvals",
      why: "what Codex asks, and what may be answered",
    },
    ...waitsFor.map(({ approval_id, expires_at }): NextCall => ({
      method: "POST",
      path: `/v1/codex/approvals/${approval_id}`,
      why: `to answer it before ${expires_at}; then it is declined`,
    })),
  ];
}

/** Returns the calls that lead on from a task that has not ended. */
export function nextOfTask(
  taskId: string,
  waitsFor: readonly WaitsFor[] = [],
): NextCall[] {
  return [
    ...nextAnswers(waitsFor),
    nextLines(taskId, 0),
    {
      method: "GET",
      path: `/v1/tasks/${taskId}`,
      why: "its status, and how it ended",
    },
    {
      method: "POST",
      path: `/v1/tasks/${taskId}/cancel`,
      why: "to end it",
    },
  ];
}
