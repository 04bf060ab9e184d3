import { z } from "zod";
import { Approval, ApprovalMode, Sandbox } from "./codexd.ts";
import { UsageGrouping, UsageReport } from "./codexd_usage.ts";

const Time = z.iso.datetime();

/** How the `codex app-server` child stands. */
export const AppServerState = z.enum([
  "starting",
  "ready",
  "restarting",
  "missing",
  "failed",
]).describe(
  "`missing`: no usable Codex binary; `failed`: it keeps ending and is tried again later",
);
export type AppServerState = z.infer<typeof AppServerState>;

/** How a life of the child ended. */
export const LastExit = z.object({
  at: Time,
  pid: z.int(),
  code: z.int().nullable(),
  signal: z.string().nullable(),
  reason: z.string(),
  stderr_tail: z.array(z.string()),
  orphans_ended: z.int().describe(
    "processes of its commands that had outlived it and were killed",
  ),
});
export type LastExit = z.infer<typeof LastExit>;

/** What keeps Codex from working, and what to do about it. */
export const Fault = z.object({ reason: z.string(), fix: z.string() });
export type Fault = z.infer<typeof Fault>;

/** The child that codexd owns. */
export const AppServerStatus = z.object({
  state: AppServerState,
  fault: Fault.nullable(),
  pid: z.int().nullable(),
  version: z.string().nullable(),
  supported_versions: z.string(),
  tested_version: z.string(),
  binary: z.string().nullable(),
  codex_home: z.string().nullable(),
  started_at: Time.nullable(),
  outdated: z.string().nullable().describe(
    "why it is started anew once no turn runs: another binary, another login",
  ),
  restarts: z.int(),
  next_attempt_at: Time.nullable(),
  last_exit: LastExit.nullable(),
});
export type AppServerStatus = z.infer<typeof AppServerStatus>;

/** Who Codex is logged in as. */
export const Account = z.object({
  logged_in: z.boolean().nullable().describe("null: not known yet"),
  auth_mode: z.string().nullable(),
  plan_type: z.string().nullable(),
  requires_openai_auth: z.boolean().nullable(),
  fingerprint: z.string().nullable().describe(
    "of whose login it is: a keyed hash, which changes with the login",
  ),
});
export type Account = z.infer<typeof Account>;

const LimitWindow = z.object({
  used_percent: z.number(),
  window_minutes: z.number().nullable(),
  resets_at: Time.nullable(),
});

/** How much of what the account may do is used. */
export const RateLimits = z.object({
  limit_id: z.string().nullable(),
  primary: LimitWindow.nullable(),
  secondary: LimitWindow.nullable(),
  told_at: Time,
});
export type RateLimits = z.infer<typeof RateLimits>;

/** A model that a turn may name, with its efforts. */
export const Model = z.object({
  model: z.string(),
  display_name: z.string().nullable(),
  is_default: z.boolean(),
  efforts: z.array(z.string()),
  default_effort: z.string().nullable(),
  input_modalities: z.array(z.string()),
});
export type Model = z.infer<typeof Model>;

/** `?usage_by=` and `?usage_since=` of the status. */
export const StatusQuery = z.strictObject({
  usage_by: UsageGrouping.optional().describe("show the tokens of turns"),
  usage_since: z.iso.datetime({ offset: true }).optional()
    .describe("only of turns that began then or later"),
});
export type StatusQuery = z.infer<typeof StatusQuery>;

/** Data of `GET /v1/codexd/status`. */
export const CodexdStatus = z.object({
  version: z.string(),
  available: z.boolean().describe("whether sessions and turns work now"),
  app_server: AppServerStatus,
  account: Account,
  sessions: z.object({
    known: z.int(),
    newest: z.string().nullable().describe("the session that was used last"),
    loaded: z.int(),
    active_turns: z.array(z.object({
      session_id: z.string(),
      turn_id: z.string(),
      task_id: z.string().optional().describe("the task that it is for"),
      started_at: Time,
    })),
  }),
  approvals: z.object({
    mode: ApprovalMode,
    timeout_ms: z.int(),
    pending: z.int(),
    items: z.array(Approval).describe("those that wait, the oldest first"),
  }),
  max_sandbox: Sandbox,
  events: z.object({
    seq: z.int().describe("of the newest event"),
    first_seq: z.int().describe("of the oldest one that is kept"),
    subscribers: z.int(),
  }),
  rate_limits: RateLimits.nullable().describe(
    "of the account, as told last; null: not told",
  ),
  models: z.array(Model),
  usage: UsageReport.optional().describe("with usage_by"),
  degraded_reasons: z.array(z.string()),
});
export type CodexdStatus = z.infer<typeof CodexdStatus>;
