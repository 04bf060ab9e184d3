import { z } from "zod";
import { GROUP_WAYS } from "../../host_ops/mod.ts";
import { ELSEWHERE } from "../../shared/describe/mod.ts";
import { FailedRun, Mode, PublicState, SystemState } from "../store/mod.ts";

const { automation, leader, queue, active_runs, node } = SystemState.shape;

/** What a stranger may see. */
export const PublicStatus = PublicState.extend({
  /** `unknown`: the database cannot be read; `reasons` says why. */
  mode: z.enum([...Mode.options, "unknown"]),
});
export type PublicStatus = z.infer<typeof PublicStatus>;

const Time = z.iso.datetime();

/** What the page shows: OpenAPI need not have it whole. */
const GLANCE = { [ELSEWHERE]: true };

/** The runs that began within one hour. */
export const RunHour = z.strictObject({
  /** When the hour began. */
  from: Time,
  succeeded: z.int(),
  /** Failed or lost. */
  failed: z.int(),
  canceled: z.int(),
});
export type RunHour = z.infer<typeof RunHour>;

/** A neighbour that conductor looks at; null where nothing is known of it. */
const Neighbour = z.strictObject({
  state: z.string(),
  reason: z.string().nullable(),
});

/** Everything that a person wants to know at a glance. */
export const Status = z.strictObject({
  ...PublicStatus.shape,
  at: Time,
  /** Who can do what, in one line. */
  who_may: z.string(),
  ready: z.boolean(),
  reasons: z.array(z.string()),
  degraded: z.array(z.string()),
  /** Who set the mode last. Null, as `leader`, where the database cannot be read. */
  automation: automation.omit({ mode: true }).nullable(),
  drained: z.boolean(),
  node: node.pick({ controller_id: true, host: true, role: true }),
  leader: leader.unwrap().omit({ instance_id: true }).nullable(),
  queue,
  active_runs,
  /** The runs of the last 24 hours. */
  runs: z.strictObject({
    succeeded: z.int(),
    failed: z.int(),
    canceled: z.int(),
    /** Oldest first; the last hour is not over yet. */
    by_hour: z.array(RunHour),
  }).meta(GLANCE),
  last_errors: z.array(FailedRun.meta(GLANCE)),
  /** Null where the database cannot be read. */
  schedules: z.strictObject({
    count: z.int(),
    /** Those that come next. */
    next: z.array(z.strictObject({
      name: z.string(),
      cron: z.string(),
      timezone: z.string(),
      next_at: Time,
      /** Due times that were ever missed. */
      missed: z.int(),
      day: z.array(z.int()).describe(
        "The quarters of an hour, counted from `at`, that hold a due time, of the next 24 hours.",
      ),
    })),
  }).meta(GLANCE).nullable(),
  codexd: Neighbour.extend({ codex_version: z.string().nullable() })
    .nullable(),
  browser: Neighbour.extend({ clients: z.int(), in_flight: z.int() })
    .nullable(),
  disk: z.strictObject({
    free_bytes: z.int(),
    total_bytes: z.int(),
  }).nullable(),
  backup: z.strictObject({
    path: z.string(),
    created_at: Time,
    size_bytes: z.int(),
    verified: z.boolean(),
    /** How many there are, this one too. */
    kept: z.int(),
  }).meta(GLANCE).nullable().describe(
    "The newest backup; null where there is none.",
  ),
  descriptors: z.strictObject({
    in_use: z.int(),
    limit: z.int().nullable(),
  }).nullable().describe(
    "Files, pipes and connections of the daemon: at least so many are open (all numbers below the lowest free one), and so many may be. Null where it cannot be told.",
  ),
  /** Null where nobody is notified. */
  notifications: z.strictObject({ waiting: z.int(), failed: z.int() })
    .meta(GLANCE).nullable(),
  process_groups: z.enum(GROUP_WAYS).nullable().describe(
    "What makes each command's process group; `detached`: a fork of the whole daemon, which is slow. Null where nothing is known.",
  ),
  versions: z.strictObject({ conductor: z.string(), deno: z.string() }),
});
export type Status = z.infer<typeof Status>;

/** The data of `GET /v1/status`. */
export const StatusAnswer = z.union([Status, PublicStatus]);
