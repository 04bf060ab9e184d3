import { AppError } from "../../shared/errors.ts";
import { otherThan } from "../../shared/ids.ts";
import type { Stores } from "../store/mod.ts";

/** Returns the refusal of an id that is no task's; a run's is told so. */
export function taskNotFound(
  taskId: string,
  runs: Pick<Stores["runs"], "row">,
): AppError {
  const run = runs.row(taskId);
  return run === undefined
    ? new AppError("NOT_FOUND", `Cannot find task "${taskId}"`, {
      hint: `${otherThan(taskId, "task")}GET /v1/tasks lists the tasks.`,
    })
    : new AppError(
      "NOT_FOUND",
      `Cannot find task "${taskId}": it is a run, of task "${run.task_id}"`,
      {
        details: { run_id: taskId, task_id: run.task_id },
        hint: `GET /v1/runs/${taskId}, or GET /v1/tasks/${run.task_id}.`,
      },
    );
}

/** Returns the refusal of an id that is no run's; a task's is told so. */
export function runNotFound(
  runId: string,
  tasks: Pick<Stores["tasks"], "get">,
  where = "",
): AppError {
  const message = `Cannot find run "${runId}"${where}`;
  return tasks.get(runId) === undefined
    ? new AppError("NOT_FOUND", message, {
      hint: `${otherThan(runId, "run")}GET /v1/runs lists the runs.`,
    })
    : new AppError("NOT_FOUND", `${message}: it is a task`, {
      hint:
        `GET /v1/tasks/${runId}; GET /v1/runs?task_id=${runId} has its runs.`,
    });
}
