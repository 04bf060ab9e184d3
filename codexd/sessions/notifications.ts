import { z } from "zod";
import type { CodexEventType, Turn } from "../../shared/contracts/mod.ts";
import {
  type Approvals,
  ThreadItem,
  ThreadStatus,
  TokenUsage,
  WireTurn,
} from "../app_server/mod.ts";
import type { RpcNotification } from "../rpc/mod.ts";
import type { NewEvent } from "./event_line.ts";
import type { SessionPorts } from "./session_ports.ts";
import type { ActiveTurn } from "./turns.ts";
import { lastMessage, messageText, snakeCase, turnOf } from "./wire.ts";

/** Returns what a notification means; an unknown one keeps its name and params. */
export function understand(
  { method, params }: RpcNotification,
): Understood {
  const given = asRecord(params);
  const rule = RULES[method] ?? {};
  const { type = `codex.${method}` as const, data, note } = rule;
  const event = {
    session_id: text(given.threadId) ?? text(asRecord(given.thread).id) ?? null,
    turn_id: text(given.turnId) ?? text(asRecord(given.turn).id) ?? null,
    type,
    data: data === undefined ? given : data(given),
  };
  return { event, ...(note && { note: (ports) => note(params, ports) }) };
}

type Params = Readonly<Record<string, unknown>>;

/** What codexd knows, and what it does when it hears of a change. */
export interface NotificationPorts
  extends Pick<SessionPorts, "turns" | "index" | "loader"> {
  readonly approvals: Pick<Approvals, "resolved">;
  /** `within`: another turn, as part of which it runs. */
  turnStarted(sessionId: string, turn: Turn, within: string | undefined): void;
  tokensTold(turn: ActiveTurn, usage: TokenUsage): void;
  /** Returns the event. `message`: the last one, where the notification has it. */
  turnCompleted(
    sessionId: string,
    ended: { readonly turn: Turn; readonly message: string | undefined },
  ): NewEvent;
  accountChanged(): void;
  limitsTold(limits: unknown): void;
}

/** What becomes of a notification; where nothing else is said, it is passed on. */
interface Rule {
  /** The stable name of its event. */
  readonly type?: CodexEventType;
  /** What of its params becomes the event's data. */
  data?(params: Params): Params;
  /**
   * Takes note of what has changed; may return another event to be told.
   * @throws {z.ZodError} when the params have an unknown form
   */
  note?(params: unknown, ports: NotificationPorts): NewEvent | void;
}

/** Takes note of params of a known form. */
function noting<S extends z.ZodRawShape>(
  shape: S,
  note: (
    params: z.output<z.ZodObject<S>>,
    ports: NotificationPorts,
  ) => NewEvent | void,
): NonNullable<Rule["note"]> {
  const schema = z.object(shape);
  return (params, ports) => note(schema.parse(params), ports);
}

const ofThread = { threadId: z.string() };
const ofTurn = { ...ofThread, turn: WireTurn };
const inTurn = { turnId: z.string() };
const delta: Rule["data"] = ({ itemId, delta }) => ({ item_id: itemId, delta });
const item: Rule["data"] = ({ item }) => ({ item: snakeCase(item) });

/** Every method that is known. Approvals tell their events themselves. */
const RULES: Readonly<Record<string, Rule>> = {
  "thread/started": {
    type: "session.started",
    data: ({ thread }) => ({ session: snakeCase(thread) }),
  },
  "thread/status/changed": {
    type: "session.status",
    data: ({ status }) => ({ status: snakeCase(status) }),
    note: noting(
      { ...ofThread, status: ThreadStatus },
      ({ threadId, status }, { loader }) => {
        const loaded = loader.get(threadId);
        if (loaded !== undefined) loaded.status = status.type;
        if (status.type === "notLoaded") loader.forget(threadId);
      },
    ),
  },
  "thread/name/updated": {
    type: "session.renamed",
    data: ({ threadName }) => ({ title: threadName ?? null }),
    note: noting(
      { ...ofThread, threadName: z.string().nullish() },
      ({ threadId, threadName = null }, { index }) =>
        index.update(threadId, { title: threadName }),
    ),
  },
  "thread/closed": {
    type: "session.closed",
    data: () => ({}),
    note: noting(
      ofThread,
      ({ threadId }, { loader }) => loader.forget(threadId),
    ),
  },
  "thread/archived": {
    type: "session.archived",
    data: () => ({ archived: true }),
    note: noting(
      ofThread,
      ({ threadId }, { index }) => index.update(threadId, { archived: true }),
    ),
  },
  "thread/unarchived": {
    type: "session.archived",
    data: () => ({ archived: false }),
    note: noting(
      ofThread,
      ({ threadId }, { index }) => index.update(threadId, { archived: false }),
    ),
  },
  "turn/started": {
    type: "turn.started",
    data({ turn }) {
      const known = WireTurn.safeParse(turn);
      return { turn: known.success ? turnOf(known.data) : snakeCase(turn) };
    },
    note: noting(
      ofTurn,
      ({ threadId, turn }, ports) =>
        ports.turnStarted(
          threadId,
          turnOf(turn),
          turn.rootTurnId ?? undefined,
        ),
    ),
  },
  "turn/completed": {
    note: noting(
      ofTurn,
      ({ threadId, turn }, ports) =>
        ports.turnCompleted(threadId, {
          turn: turnOf(turn),
          message: lastMessage(turn),
        }),
    ),
  },
  "turn/diff/updated": { type: "turn.diff", data: ({ diff }) => ({ diff }) },
  "turn/plan/updated": {
    type: "turn.plan",
    data: ({ explanation, plan }) => ({ explanation, plan: snakeCase(plan) }),
  },
  "item/started": {
    type: "item.started",
    data: item,
    note: noting(
      { ...inTurn, item: ThreadItem },
      ({ turnId, item }, { turns }) => {
        if (item.type !== "fileChange") return;
        turns.running(turnId)?.patches.set(item.id, item.changes);
      },
    ),
  },
  "item/completed": {
    type: "item.completed",
    data: item,
    note: noting(
      { ...ofThread, ...inTurn, item: ThreadItem },
      ({ turnId, item }, { turns }) => {
        const turn = turns.running(turnId);
        turn?.patches.delete(item.id);
        const text = messageText(item);
        if (turn === undefined || text === undefined) return;
        turn.finalMessage = text;
        turn.partial = undefined;
      },
    ),
  },
  "item/agentMessage/delta": {
    type: "message.delta",
    data: delta,
    note: noting(
      { ...inTurn, itemId: z.string(), delta: z.string() },
      ({ turnId, itemId, delta }, { turns }) => {
        const turn = turns.running(turnId);
        if (turn === undefined) return;
        // Put together, in case that the whole is never told.
        const { partial } = turn;
        if (partial?.itemId === itemId) partial.text += delta;
        else turn.partial = { itemId, text: delta };
      },
    ),
  },
  "item/reasoning/summaryTextDelta": { type: "reasoning.delta", data: delta },
  "item/reasoning/textDelta": { type: "reasoning.delta", data: delta },
  "item/commandExecution/outputDelta": { type: "command.output", data: delta },
  "thread/tokenUsage/updated": {
    type: "usage.updated",
    data: ({ tokenUsage }) => ({ usage: snakeCase(tokenUsage) }),
    note: noting(
      {
        ...ofThread,
        ...inTurn,
        tokenUsage: TokenUsage,
      },
      ({ turnId, tokenUsage }, { turns, tokensTold }) => {
        const turn = turns.running(turnId);
        if (turn !== undefined) tokensTold(turn, tokenUsage);
      },
    ),
  },
  "account/rateLimits/updated": {
    type: "rate_limits.updated",
    data: ({ rateLimits }) => ({ rate_limits: snakeCase(rateLimits) }),
    note: noting(
      { rateLimits: z.unknown() },
      ({ rateLimits }, ports) => ports.limitsTold(rateLimits),
    ),
  },
  "account/updated": {
    type: "account.updated",
    data: ({ authMode, planType }) => ({
      auth_mode: authMode,
      plan_type: planType,
    }),
    note: (_, ports) => ports.accountChanged(),
  },
  "serverRequest/resolved": {
    note: noting(
      { requestId: z.union([z.string(), z.number()]) },
      ({ requestId }, { approvals }) => approvals.resolved(requestId),
    ),
  },
  warning: { type: "warning", data: ({ message }) => ({ message }) },
  error: {
    type: "turn.error",
    data: ({ error, willRetry }) => ({
      ...asRecord(snakeCase(error)),
      will_retry: willRetry,
    }),
    note: noting(
      { ...inTurn, willRetry: z.boolean() },
      ({ turnId, willRetry }, { turns }) => {
        const turn = turns.running(turnId);
        // What was said is said anew, from its beginning.
        if (turn !== undefined && willRetry) turn.partial = undefined;
      },
    ),
  },
};

/** A notification: the event that it becomes, and what codexd takes note of. */
interface Understood {
  readonly event: NewEvent;
  /** May return another event to be told. @throws {z.ZodError} */
  note?(ports: NotificationPorts): NewEvent | void;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
