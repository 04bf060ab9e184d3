/**
 * The app-server's methods as far as they are used, seen on codex-cli 0.169.0.
 * Tolerant on purpose: only what is needed is demanded, the rest passes through.
 */
import { z } from "zod";

/** Since the epoch; dates go no further. */
const seconds = z.number().min(-8.64e12).max(8.64e12);

/** What may be missing, be null, or not be a text one day. */
const text = z.string().nullish().catch(null);

/** One page of a list. */
function page<S extends z.ZodType>(row: S) {
  return z.looseObject({
    data: z.array(row),
    nextCursor: z.string().nullish(),
  });
}

const count = z.int().catch(0);
const Tokens = z.looseObject({
  totalTokens: count,
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  reasoningOutputTokens: count,
});

const Window = z.looseObject({
  usedPercent: z.number(),
  windowDurationMins: z.number().nullish(),
  /** In seconds. */
  resetsAt: seconds.nullish(),
}).nullish().catch(null);

export const AccountLimits = z.looseObject({
  limitId: text,
  primary: Window,
  secondary: Window,
});

export const RateLimitsResult = z.looseObject({ rateLimits: AccountLimits });

export const ModelPage = z.looseObject({
  data: z.array(z.looseObject({
    model: z.string(),
    displayName: text,
    isDefault: z.boolean().catch(false),
    supportedReasoningEfforts: z.array(
      z.looseObject({ reasoningEffort: z.string() }),
    ).catch([]),
    defaultReasoningEffort: text,
    inputModalities: z.array(z.string()).catch([]),
  })),
});

/** Codex's own item of a turn. */
export const ThreadItem = z.looseObject({ id: z.string(), type: z.string() });
export type ThreadItem = z.infer<typeof ThreadItem>;

export const WireTurnError = z.looseObject({
  message: z.string(),
  codexErrorInfo: z.unknown().optional(),
  additionalDetails: z.string().nullish(),
});
export type WireTurnError = z.infer<typeof WireTurnError>;

/** Times are in seconds. */
export const WireTurn = z.looseObject({
  id: z.string(),
  items: z.array(ThreadItem).catch([]),
  /** Another than its own: that turn runs within this one. */
  rootTurnId: text,
  status: z.string().catch("inProgress"),
  error: WireTurnError.nullish().catch(null),
  startedAt: seconds.nullish().catch(null),
  completedAt: seconds.nullish().catch(null),
  durationMs: z.number().nullish(),
});
export type WireTurn = z.infer<typeof WireTurn>;

export const ThreadStatus = z.looseObject({ type: z.string() });

/** Times are in seconds; 0: not told. */
export const Thread = z.looseObject({
  id: z.string(),
  preview: z.string().catch(""),
  ephemeral: z.boolean().catch(false),
  model: text,
  modelProvider: text,
  createdAt: seconds.catch(0),
  updatedAt: seconds.catch(0),
  status: ThreadStatus.nullish().catch(null),
  cwd: text,
  originator: text,
  name: text,
  path: text,
  forkedFromId: text,
});
export type Thread = z.infer<typeof Thread>;

export const InitializeResult = z.looseObject({
  userAgent: z.string().catch(""),
  codexHome: text,
});

export const AccountResult = z.looseObject({
  account: z.looseObject({
    type: z.string(),
    planType: text,
  }).nullish().catch(null),
  requiresOpenaiAuth: z.boolean().catch(false),
});

/** Answer of `thread/start` and `thread/resume`. */
export const OpenedThread = z.looseObject({
  thread: Thread,
  model: text,
  cwd: text,
  approvalPolicy: z.union([z.string(), z.looseObject({})]).nullish()
    .catch(null),
  sandbox: z.looseObject({ type: z.string() }).nullish().catch(null),
  /** By name: Codex's own begin with a colon, the others are the owner's. */
  activePermissionProfile: z.looseObject({ id: z.string() }).nullish()
    .catch(null),
});
export type OpenedThread = z.infer<typeof OpenedThread>;

export const ThreadResult = z.looseObject({ thread: Thread });

export const ThreadWithTurns = z.looseObject({
  thread: z.looseObject({ turns: z.array(WireTurn) }),
});

export const ThreadPage = page(Thread);
export const TurnPage = page(WireTurn);
/** What `thread/tokenUsage/updated` tells; counts of a form that is not known are 0. */
export const TokenUsage = z.looseObject({ total: Tokens, last: Tokens });
export type TokenUsage = z.infer<typeof TokenUsage>;

export const TurnResult = z.looseObject({ turn: WireTurn });
export const SteerResult = z.looseObject({ turnId: z.string() });

/** A sandbox, in the form that `turn/start` takes. */
export const SANDBOX_POLICIES = {
  "read-only": { type: "readOnly", networkAccess: false },
  "workspace-write": {
    type: "workspaceWrite",
    writableRoots: [],
    networkAccess: false,
    excludeTmpdirEnvVar: false,
    excludeSlashTmp: false,
  },
  "danger-full-access": { type: "dangerFullAccess" },
} as const;
