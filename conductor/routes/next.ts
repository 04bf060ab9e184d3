import type { NextCall } from "../../shared/next_call.ts";

/** Returns the call that reads on in a task's log. */
export function nextLines(taskId: string, lastSeq: number): NextCall {
  return {
    method: "GET",
    path: `/v1/tasks/${taskId}/logs?after=${lastSeq}&wait_ms=30000`,
    why: "the lines that come next, as soon as there are any",
  };
}

/** Returns the calls that lead on from a task that has not ended. */
export function nextOfTask(taskId: string): NextCall[] {
  return [
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
