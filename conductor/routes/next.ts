import type { Run, Task, WaitsFor } from "../store/mod.ts";
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

/** Returns the calls that lead on from a task. */
export function nextOfTask(
  { task_id: taskId, kind, status, finished_at, waits_for = [], latest_run }:
    TaskFacts,
): NextCall[] {
  if (finished_at !== null) {
    return [
      {
        method: "GET",
        path: `/v1/tasks/${taskId}/logs?tail=100`,
        why: "the last lines of its log",
      },
      ...(kind === "exec" && latest_run ? [nextOutput(latest_run.run_id)] : []),
      ...(status === "succeeded" ? [] : [{
        method: "POST" as const,
        path: `/v1/tasks/${taskId}/retry`,
        why: "to do it again, as a new task",
      }]),
    ];
  }
  return [
    ...nextAnswers(waits_for),
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

/** Returns the calls that lead on from a run. */
export function nextOfRun(
  { run_id, task_id }: Run,
  { kind }: Pick<Task, "kind">,
): NextCall[] {
  return [
    ...(kind === "exec" ? [nextOutput(run_id)] : []),
    {
      method: "GET",
      path: `/v1/tasks/${task_id}`,
      why: "its task: what it was to do, and what leads on",
    },
  ];
}

function nextOutput(runId: string): NextCall {
  return {
    method: "GET",
    path: `/v1/runs/${runId}/output`,
    why: "all that it printed; with stream=stderr its errors",
  };
}

interface TaskFacts
  extends Pick<Task, "task_id" | "kind" | "status" | "finished_at"> {
  readonly waits_for?: readonly WaitsFor[] | undefined;
  readonly latest_run?: Pick<Run, "run_id"> | null | undefined;
}
