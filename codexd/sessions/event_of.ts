import type { EventType } from "../../shared/contracts/mod.ts";
import type { RpcNotification } from "../rpc/mod.ts";
import { WireTurn } from "../app_server/mod.ts";
import { snakeCase } from "./snake_case.ts";
import { turnOf } from "./wire.ts";
import type { NewEvent } from "./stored_event.ts";

type Params = Readonly<Record<string, unknown>>;
type Data = Readonly<Record<string, unknown>>;

/** A notification's stable name, and what of its params becomes the event's data. */
interface Rule {
  readonly type: EventType;
  data(params: Params): Data;
}

function rule(type: EventType, data: Rule["data"]): Rule {
  return { type, data };
}

const delta: Rule["data"] = ({ itemId, delta }) => ({ item_id: itemId, delta });
const item: Rule["data"] = ({ item }) => ({ item: snakeCase(item) });

/**
 * Notifications with a name of their own. `turn/completed` and the approvals
 * are told by who knows more about them.
 */
const RULES: Readonly<Record<string, Rule>> = {
  "thread/started": rule(
    "session.started",
    ({ thread }) => ({ session: snakeCase(thread) }),
  ),
  "thread/status/changed": rule(
    "session.status",
    ({ status }) => ({ status: snakeCase(status) }),
  ),
  "thread/name/updated": rule(
    "session.renamed",
    ({ threadName }) => ({ title: threadName ?? null }),
  ),
  "thread/closed": rule("session.closed", () => ({})),
  "turn/started": rule("turn.started", ({ turn }) => {
    const known = WireTurn.safeParse(turn);
    return { turn: known.success ? turnOf(known.data) : snakeCase(turn) };
  }),
  "turn/diff/updated": rule("turn.diff", ({ diff }) => ({ diff })),
  "turn/plan/updated": rule(
    "turn.plan",
    ({ explanation, plan }) => ({ explanation, plan: snakeCase(plan) }),
  ),
  "item/started": rule("item.started", item),
  "item/completed": rule("item.completed", item),
  "item/agentMessage/delta": rule("message.delta", delta),
  "item/reasoning/summaryTextDelta": rule("reasoning.delta", delta),
  "item/reasoning/textDelta": rule("reasoning.delta", delta),
  "item/commandExecution/outputDelta": rule("command.output", delta),
  "thread/tokenUsage/updated": rule(
    "usage.updated",
    ({ tokenUsage }) => ({ usage: snakeCase(tokenUsage) }),
  ),
  "account/rateLimits/updated": rule(
    "rate_limits.updated",
    ({ rateLimits }) => ({ rate_limits: snakeCase(rateLimits) }),
  ),
  "account/updated": rule(
    "account.updated",
    ({ authMode, planType }) => ({ auth_mode: authMode, plan_type: planType }),
  ),
  warning: rule("warning", ({ message }) => ({ message })),
  error: rule("turn.error", ({ error, willRetry }) => ({
    ...asRecord(snakeCase(error)),
    will_retry: willRetry,
  })),
};

/** Returns the event that a notification becomes; unknown ones keep their name and params. */
export function eventOf({ method, params }: RpcNotification): NewEvent {
  const given = asRecord(params);
  const found = RULES[method];
  return {
    session_id: text(given.threadId) ?? text(asRecord(given.thread).id) ?? null,
    turn_id: text(given.turnId) ?? text(asRecord(given.turn).id) ?? null,
    type: found?.type ?? `codex.${method}`,
    // An unknown one is passed on just as it came.
    data: found === undefined ? given : found.data(given),
  };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
