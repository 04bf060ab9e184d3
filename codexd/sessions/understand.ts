import type { Turn, Usage } from "../../shared/contracts/mod.ts";
import { NOTIFICATIONS } from "../app_server/mod.ts";
import type { RpcId, RpcNotification } from "../rpc/mod.ts";
import { snakeRecord } from "./snake_case.ts";
import { messageText, turnOf } from "./wire.ts";

/** What a notification means for codexd's own picture. */
export type News =
  | {
    readonly kind: "turn_started";
    readonly sessionId: string;
    readonly turn: Turn;
  }
  | {
    readonly kind: "turn_completed";
    readonly sessionId: string;
    readonly turn: Turn;
    /** The last message, where the notification carries it. */
    readonly message: string | undefined;
  }
  | {
    readonly kind: "message";
    readonly turnId: string;
    readonly text: string;
  }
  | {
    readonly kind: "delta";
    readonly turnId: string;
    readonly itemId: string;
    readonly text: string;
  }
  | {
    readonly kind: "usage";
    readonly turnId: string;
    readonly usage: Usage;
  }
  | {
    readonly kind: "status";
    readonly sessionId: string;
    readonly status: string;
  }
  | { readonly kind: "closed"; readonly sessionId: string }
  | {
    readonly kind: "renamed";
    readonly sessionId: string;
    readonly title: string | null;
  }
  | { readonly kind: "question_settled"; readonly requestId: RpcId }
  | { readonly kind: "account" };

/**
 * Returns what a notification means; undefined when it is only to be passed on.
 * @throws {z.ZodError} when one of the known ones has another form
 */
export function understand(
  { method, params }: RpcNotification,
): News | undefined {
  switch (method) {
    case "turn/started": {
      const { threadId, turn } = NOTIFICATIONS[method].parse(params);
      return { kind: "turn_started", sessionId: threadId, turn: turnOf(turn) };
    }
    case "turn/completed": {
      const { threadId, turn } = NOTIFICATIONS[method].parse(params);
      return {
        kind: "turn_completed",
        sessionId: threadId,
        turn: turnOf(turn),
        message: turn.items.map(messageText).findLast((it) => it !== undefined),
      };
    }
    case "item/completed": {
      const { turnId, item } = NOTIFICATIONS[method].parse(params);
      const text = messageText(item);
      return text === undefined ? undefined : { kind: "message", turnId, text };
    }
    case "item/agentMessage/delta": {
      const { turnId, itemId, delta } = NOTIFICATIONS[method].parse(params);
      return { kind: "delta", turnId, itemId, text: delta };
    }
    case "thread/tokenUsage/updated": {
      const { turnId, tokenUsage } = NOTIFICATIONS[method].parse(params);
      return { kind: "usage", turnId, usage: snakeRecord(tokenUsage) };
    }
    case "thread/status/changed": {
      const { threadId, status } = NOTIFICATIONS[method].parse(params);
      return { kind: "status", sessionId: threadId, status: status.type };
    }
    case "thread/closed": {
      const { threadId } = NOTIFICATIONS[method].parse(params);
      return { kind: "closed", sessionId: threadId };
    }
    case "thread/name/updated": {
      const { threadId, threadName } = NOTIFICATIONS[method].parse(params);
      return {
        kind: "renamed",
        sessionId: threadId,
        title: threadName ?? null,
      };
    }
    case "serverRequest/resolved": {
      const { requestId } = NOTIFICATIONS[method].parse(params);
      return { kind: "question_settled", requestId };
    }
    case "account/updated":
      return { kind: "account" };
  }
}
