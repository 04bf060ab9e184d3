import { z } from "zod";
import { Gap } from "../../../shared/page.ts";
import { RunStatus } from "./run.ts";
import { Mode } from "./system_state.ts";
import { Failure, TaskStatus } from "./task.ts";

const Controller = z.strictObject({
  controller_id: z.string(),
  instance_id: z.string(),
  host: z.string(),
  term: z.int(),
});

/** The first and the last of so many. */
const DueTimes = z.strictObject({
  schedule: z.string(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  count: z.int(),
});

/** What Codex asked, and where. */
const OfTurn = z.strictObject({
  approval_id: z.string(),
  session_id: z.string().nullable(),
  turn_id: z.string().nullable(),
});

const Client = z.strictObject({ client_id: z.string() });

/** Every type of event, and what its `data` holds. Types are only ever added. */
const EVENT_DATA = {
  "system.mode_changed": z.strictObject({
    mode: Mode,
    previous: Mode,
    requested_by: z.string().nullable(),
    reason: z.string().nullable(),
    source: z.string().nullable(),
  }),
  "lease.acquired": Controller,
  "lease.released": Controller,
  "task.created": z.strictObject({
    task_id: z.string(),
    kind: z.string(),
    title: z.string(),
    priority: z.int(),
  }),
  "task.status_changed": z.strictObject({
    task_id: z.string(),
    status: TaskStatus,
    previous: TaskStatus,
    attempts: z.int(),
    next_attempt_at: z.iso.datetime().nullable(),
    error: Failure.nullable(),
  }),
  "task.cancel_requested": z.strictObject({ task_id: z.string() }),
  "run.started": z.strictObject({
    run_id: z.string(),
    task_id: z.string(),
    attempt: z.int(),
  }),
  "run.adopted": z.strictObject({ run_id: z.string(), task_id: z.string() }),
  "run.finished": z.strictObject({
    run_id: z.string(),
    task_id: z.string(),
    attempt: z.int(),
    status: RunStatus,
    code: z.string().nullable(),
  }),
  "schedule.changed": z.strictObject({
    schedule: z.string(),
    change: z.enum(["created", "updated", "deleted"]),
    next_at: z.iso.datetime().nullable(),
  }),
  /** One for all that an outage, or a drain, let pass. */
  "schedule.missed": DueTimes.extend({
    reason: z.enum(["late", "draining"]),
    /** What `misfire: run_once` made of them. */
    task_id: z.string().nullable(),
  }),
  "schedule.skipped": DueTimes.extend({
    /** What had not ended. */
    task_id: z.string(),
  }),
  "log.dropped": z.strictObject({
    run_id: z.string(),
    task_id: z.string(),
    lines: z.int(),
  }),
  /** It ended without a clean stop. */
  "daemon.crashed": z.strictObject({
    daemon: z.enum(["conductor", "codexd"]),
    instance_id: z.string().nullable(),
  }),
  "codexd.health_changed": z.strictObject({
    state: z.string(),
    previous: z.string().nullable(),
    reason: z.string().nullable(),
  }),
  "codex.approval_requested": OfTurn.extend({
    kind: z.string(),
    expires_at: z.iso.datetime(),
  }),
  "codex.approval_resolved": OfTurn.extend({
    decision: z.string().nullable(),
    by: z.string(),
    decided_by: z.string().nullable(),
  }),
  "browser.connected": Client,
  "browser.disconnected": Client,
  "browser.paired": Client,
} as const satisfies Record<string, z.ZodType>;

export type EventType = keyof typeof EVENT_DATA;
export type EventData<T extends EventType> = z.infer<typeof EVENT_DATA[T]>;

/** An event as it is appended. */
export type AppendedEvent = {
  readonly [T in EventType]: { readonly type: T; readonly data: EventData<T> };
}[EventType];

/** What an event looks like on the wire, whatever its type. */
function eventOf<T extends z.ZodType>(data: T) {
  return z.strictObject({
    seq: z.int(),
    type: z.string(),
    at: z.iso.datetime(),
    data,
  });
}

/** The schema of each event of the stream, by its name. */
export const EVENT_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  ...Object.fromEntries(
    Object.entries(EVENT_DATA).map(([type, data]) => [type, eventOf(data)]),
  ),
  gap: Gap,
};

export const StoredEvent = eventOf(z.json());
export type StoredEvent = z.infer<typeof StoredEvent>;
