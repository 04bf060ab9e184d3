import { z } from "zod";
import { NewTask, TaskStatus } from "./task.ts";

const MAX_GRACE_MS = 7 * 86_400_000;

const Common = {
  cron: z.string().max(200).describe(
    "Five fields: minute, hour, day of month, month, day of week. With both days restricted, either will do.",
  ),
  misfire: z.enum(["skip", "run_once"]).default("skip").describe(
    "run_once: one task for all that an outage missed.",
  ),
  grace_ms: z.int().min(0).max(MAX_GRACE_MS).default(60_000).describe(
    "What cannot start so long after its due time is missed; below 1000 counts as 1000.",
  ),
  overlap: z.enum(["skip", "queue"]).default("skip").describe(
    "While an earlier task has not ended; queue: at most one waits.",
  ),
  enabled: z.boolean().default(true),
};

/** What each due time makes: as `POST /v1/tasks`, which has its own `not_before`. */
const Template = NewTask.omit({ not_before: true });

/** What `PUT /v1/schedules/:name` takes. */
export const NewSchedule = z.strictObject({
  ...Common,
  timezone: z.string().min(1).max(100).optional().describe(
    "A name such as Europe/Berlin; by default the machine's.",
  ),
  task: Template,
});
export type NewSchedule = z.infer<typeof NewSchedule>;

const Time = z.iso.datetime();

/** A schedule as lists show it: without the payload of its tasks. */
export const ScheduleSummary = z.strictObject({
  name: z.string(),
  ...Common,
  timezone: z.string(),
  task: Template.omit({ payload: true }),
  /** Null while it is not enabled. */
  next_at: Time.nullable(),
  /** The task that it made last. */
  last: z.strictObject({
    task_id: z.string(),
    due_at: Time,
    /** Null when retention has removed the task. */
    status: TaskStatus.nullable(),
  }).nullable(),
  /** The newest outage, and how many due times were ever missed. */
  missed: z.strictObject({
    from: Time.nullable(),
    to: Time.nullable(),
    count: z.int(),
    total: z.int(),
  }),
  created_at: Time,
  updated_at: Time,
});
export type ScheduleSummary = z.infer<typeof ScheduleSummary>;

/** A schedule; of `env` and `stdin` the names are shown. */
export const Schedule = ScheduleSummary.extend({ task: Template });
export type Schedule = z.infer<typeof Schedule>;
