import { z } from "zod";

/** `lost`: its controller died or was stopped before the run ended. */
export const RunStatus = z.enum([
  "running",
  "succeeded",
  "failed",
  "canceled",
  "lost",
]);
export type RunStatus = z.infer<typeof RunStatus>;

/** How a run ended, in the words of its kind. */
export const RunOutcome = z.strictObject({
  ok: z.boolean(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  /** Facts such as an exit code; output is in the task's log. */
  result: z.record(z.string(), z.json()).nullable(),
});
export type RunOutcome = z.infer<typeof RunOutcome>;

/** One attempt at a task. */
export const Run = z.strictObject({
  run_id: z.string(),
  task_id: z.string(),
  attempt: z.int(),
  controller_id: z.string(),
  instance_id: z.string(),
  term: z.int(),
  status: RunStatus,
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  outcome: RunOutcome.nullable(),
});
export type Run = z.infer<typeof Run>;

/** Which runs a list holds. */
export interface RunFilter {
  readonly task_id?: string | undefined;
  readonly status?: RunStatus | undefined;
}

/** A run that did not succeed, with the task that it was for. */
export const FailedRun = z.strictObject({
  at: z.iso.datetime(),
  run_id: z.string(),
  task_id: z.string(),
  kind: z.string(),
  status: z.enum(["failed", "lost"]),
  code: z.string().nullable(),
  title: z.string(),
  message: z.string().nullable(),
  /** The last line that it printed to stderr, where one of the last is that. */
  stderr_line: z.string().nullable(),
});
export type FailedRun = z.infer<typeof FailedRun>;
