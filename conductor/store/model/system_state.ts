import { z } from "zod";

/**
 * `running`: tasks start. `paused`: nothing new starts. `draining`: nothing new
 * starts and new tasks are refused.
 */
export const Mode = z.enum(["running", "paused", "draining"]);
export type Mode = z.infer<typeof Mode>;

/** The persistent switch, and who set it last. */
const Automation = z.strictObject({
  mode: Mode,
  updated_at: z.iso.datetime(),
  requested_by: z.string().nullable(),
  reason: z.string().nullable(),
  source: z.string().nullable(),
});

/** The controller that holds the lease. */
export const Leader = z.strictObject({
  controller_id: z.string(),
  instance_id: z.string(),
  host: z.string(),
  lease_expires_at: z.iso.datetime(),
  term: z.int(),
});
export type Leader = z.infer<typeof Leader>;

/** A run that has not ended: what a drain still waits for. */
export const ActiveRun = z.strictObject({
  run_id: z.string(),
  task_id: z.string(),
  kind: z.string(),
  title: z.string(),
  attempt: z.int(),
  started_at: z.iso.datetime(),
});
export type ActiveRun = z.infer<typeof ActiveRun>;

/** This process as a controller. */
const Node = z.strictObject({
  controller_id: z.string(),
  instance_id: z.string(),
  host: z.string(),
  role: z.enum(["leader", "standby"]),
  version: z.string(),
});

/** What anybody may know of this daemon. */
const PUBLIC = {
  mode: Mode,
  health: z.enum(["ok", "degraded", "not_ready"]),
  version: z.string(),
  /** Milliseconds since the start. */
  uptime_ms: z.int(),
};

/** What `GET /v1/system/state` answers in the public zone. */
export const PublicState = z.strictObject(PUBLIC);
export type PublicState = z.infer<typeof PublicState>;

/** What `GET /v1/system/state` answers, and every change of the mode. */
export const SystemState = z.strictObject({
  ...PUBLIC,
  automation: Automation,
  leader: Leader.nullable(),
  queue: z.strictObject({ active_runs: z.int(), queued_tasks: z.int() }),
  /** Draining, and nothing runs any more. */
  drained: z.boolean(),
  active_runs: z.array(ActiveRun),
  node: Node,
});
export type SystemState = z.infer<typeof SystemState>;

/** Who changes the mode, and why; each may be left out. */
export const ModeChange = z.strictObject({
  requested_by: z.string().min(1).max(200),
  reason: z.string().min(1).max(1000),
  source: z.string().min(1).max(200),
}).partial();
export type ModeChange = z.infer<typeof ModeChange>;
