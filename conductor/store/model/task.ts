import { z } from "zod";
import { Run } from "./run.ts";

export const TaskStatus = z.enum([
  "queued",
  "running",
  "succeeded",
  "failed",
  "canceled",
]);
export type TaskStatus = z.infer<typeof TaskStatus>;

/** Timers overflow above this many milliseconds. */
const MAX_TIMER_MS = 2_147_483_647;

/** Bytes of a payload as JSON. */
export const MAX_PAYLOAD_BYTES = 1_048_576;

const Label = z.string().min(1).max(100);

/** A task that says nothing of its time may take so long. */
const DEFAULT_TIMEOUT_MS = 3_600_000;

/** What a command may print to each output when its task does not say … */
export const DEFAULT_OUTPUT_BYTES = 268_435_456;
/** … and what a task may say. */
const MAX_OUTPUT_BYTES = 1_099_511_627_776;

/** What `POST /v1/tasks` takes. */
export const NewTask = z.strictObject({
  title: z.string().min(1).max(500),
  kind: z.string().min(1).max(50),
  payload: z.record(z.string(), z.json()),
  priority: z.int32().default(0),
  not_before: z.iso.datetime({ offset: true }).nullish(),
  max_attempts: z.int().min(1).max(100).default(1),
  timeout_ms: z.int().min(0).max(MAX_TIMER_MS).nullish().describe(
    "Ends an attempt after so many milliseconds. Default 3600000 (one hour); 0 or null: no limit.",
  ),
  labels: z.array(Label).max(32).default([]),
  retry_lost: z.boolean().default(false),
  survive: z.boolean().optional().describe(
    "Kind exec only. The command outlives the daemon, which takes it up again when it is back. It has no time limit by default.",
  ),
  max_output_bytes: z.int().min(1).max(MAX_OUTPUT_BYTES).optional().describe(
    `Kind exec only: a command that prints more, to stdout or stderr, is ended. Default ${DEFAULT_OUTPUT_BYTES}.`,
  ),
});
export type NewTask = z.infer<typeof NewTask>;

/** Returns the time limit that a task has in effect; null: none. */
export function effectiveTimeout(
  { timeout_ms, survive }: Pick<NewTask, "timeout_ms" | "survive">,
): number | null {
  const limit = timeout_ms === undefined && !survive
    ? DEFAULT_TIMEOUT_MS
    : timeout_ms;
  return limit || null;
}

/** Why something did not succeed. */
export const Failure = z.strictObject({
  code: z.string(),
  message: z.string(),
});
export type Failure = z.infer<typeof Failure>;

/** A unit of queued work, as lists show it: without its payload. */
export const TaskSummary = z.strictObject({
  task_id: z.string(),
  title: z.string(),
  kind: z.string(),
  status: TaskStatus,
  priority: z.int(),
  labels: z.array(z.string()),
  not_before: z.iso.datetime().nullable(),
  /** When the next attempt may start; null: at once, or never again. */
  next_attempt_at: z.iso.datetime().nullable(),
  max_attempts: z.int(),
  /** Runs started so far. */
  attempts: z.int(),
  /** As it was given; null also when it was left out. */
  timeout_ms: z.int().nullable(),
  /** What counts; null: no limit. */
  effective_timeout_ms: z.int().nullable(),
  retry_lost: z.boolean(),
  /** Whether its command outlives the daemon. */
  survive: z.boolean(),
  max_output_bytes: z.int().nullable(),
  /** What counts; null: not a command. */
  effective_max_output_bytes: z.int().nullable(),
  /** The task whose work it does again. */
  retry_of: z.string().nullable(),
  /** What made it, and for which time; null: a caller did. */
  schedule: z.string().nullable(),
  due_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
  cancel_requested_at: z.iso.datetime().nullable(),
  /** Why the task, or its latest attempt, failed. */
  error: Failure.nullable(),
});
export type TaskSummary = z.infer<typeof TaskSummary>;

export const Task = TaskSummary.extend({
  payload: z.record(z.string(), z.json()),
});
export type Task = z.infer<typeof Task>;

/** An answer of a person's that a running task waits for. */
export const WaitsFor = z.strictObject({
  approval_id: z.string(),
  kind: z.string(),
  asked_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
});
export type WaitsFor = z.infer<typeof WaitsFor>;

export const TaskDetail = Task.extend({
  latest_run: Run.nullable(),
  waits_for: z.array(WaitsFor).describe(
    "Codex's approvals and questions that nobody has answered yet.",
  ),
});
export type TaskDetail = z.infer<typeof TaskDetail>;

/** Which tasks a list holds; those left out do not matter. */
export interface TaskFilter {
  readonly status?: TaskStatus | undefined;
  readonly kind?: string | undefined;
  readonly label?: string | undefined;
}
