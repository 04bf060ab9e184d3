import { type Clock, isoTime, type Timer } from "../../shared/clock.ts";
import type {
  ApprovalDecision,
  ApprovalMode,
  Sandbox,
} from "../../shared/contracts/mod.ts";
import { AppError } from "../../shared/errors.ts";
import type { NewId } from "../../shared/ids.ts";
import {
  METHOD_NOT_FOUND,
  type RpcConnection,
  type RpcId,
  type RpcRequest,
} from "../rpc/mod.ts";
import { AcceptedCommands } from "./accepted_commands.ts";
import { type Question, QUESTIONS } from "./questions.ts";

/** Answers the app-server's questions by policy; none is ever left open. */
export class Approvals {
  readonly #options: ApprovalsOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #accepted = new AcceptedCommands();

  constructor(options: ApprovalsOptions) {
    this.#options = options;
  }

  /** Questions that wait for somebody. */
  get size(): number {
    return this.#pending.size;
  }

  /** Takes a question: answers it at once, or asks who listens. */
  ask(request: RpcRequest, rpc: Pick<RpcConnection, "answer">): void {
    const question = QUESTIONS[request.method];
    if (question === undefined) {
      const message = `codexd does not answer ${request.method}`;
      return rpc.answer(request.id, {
        error: { code: METHOD_NOT_FOUND, message },
      });
    }
    const { clock, newId, timeoutMs } = this.#options;
    const approvalId = newId("apr");
    const mode = this.#options.modeOf(sessionOf(request));
    const beyond = this.#isBeyond(question);
    const wasAccepted = mode === "ask" && this.#wasAccepted(request, question);
    const waits = mode === "ask" && !wasAccepted;
    this.#tell("approval.requested", request, {
      approval_id: approvalId,
      kind: question.kind,
      item_id: text(paramsOf(request).itemId),
      ...facts(question, paramsOf(request)),
      approvals: mode,
      beyond_max_sandbox: beyond,
      expires_at: waits ? isoTime(clock.now() + timeoutMs) : null,
    });
    const timer = waits
      ? clock.after(
        timeoutMs,
        () => this.#end(approvalId, "decline", "timeout"),
      )
      : undefined;
    this.#pending.set(approvalId, { request, question, rpc, timer });
    if (waits) return;
    if (wasAccepted) {
      return this.#end(approvalId, "accept_for_session", "session");
    }
    const accepts = mode === "accept" && !beyond;
    this.#end(approvalId, accepts ? "accept" : "decline", "policy");
  }

  /**
   * Answers a question as a person decided, who may go beyond the widest
   * sandbox; tells whether that was so.
   * @throws {AppError} NOT_FOUND when it does not wait (any more)
   */
  respond(approvalId: string, decision: ApprovalDecision): boolean {
    const pending = this.#pending.get(approvalId);
    if (pending === undefined) {
      throw new AppError(
        "NOT_FOUND",
        "Cannot answer the approval: it is not waiting (any more)",
      );
    }
    if (decision === "accept_for_session") this.#remember(pending);
    this.#end(approvalId, decision, "client");
    return isAccepted(decision) && this.#isBeyond(pending.question);
  }

  /** The app-server tells that a question is settled, perhaps without us. */
  resolved(requestId: RpcId): void {
    for (const [approvalId, { request }] of this.#pending) {
      if (request.id === requestId) this.#end(approvalId, null, "codex");
    }
  }

  /** The limits of a session were asked anew: what was accepted for it counts no more. */
  forget(sessionId: string): void {
    this.#accepted.forget(sessionId);
  }

  /** The app-server is gone: its questions went with it. */
  dropAll(): void {
    this.#accepted.forgetAll();
    for (const approvalId of this.#pending.keys()) {
      this.#end(approvalId, null, "restart");
    }
  }

  /**
   * Whether accepting may let Codex do more than the widest sandbox does. What
   * it asks does not tell a command that is to leave its sandbox from one that
   * stays in it, nor a patch: only where everything is allowed none goes beyond.
   */
  #isBeyond({ cannotAccept }: Question): boolean {
    const { maxSandbox } = this.#options;
    return cannotAccept !== true && maxSandbox !== "danger-full-access";
  }

  #remember({ request, question }: Pending): void {
    const { session, command } = commandOf(request, question);
    if (session !== null) this.#accepted.add(session, command);
  }

  #wasAccepted(request: RpcRequest, question: Question): boolean {
    const { session, command } = commandOf(request, question);
    return session !== null && this.#accepted.has(session, command);
  }

  /** `wanted`: the answer; null when there is none to be given any more. */
  #end(approvalId: string, wanted: ApprovalDecision | null, by: By): void {
    const pending = this.#pending.get(approvalId);
    if (pending === undefined) return;
    this.#pending.delete(approvalId);
    const { request, question, rpc, timer } = pending;
    timer?.cancel();
    const decision = isAccepted(wanted) && question.cannotAccept
      ? "decline"
      : wanted;
    if (decision !== null) {
      const told = isAccepted(decision) ? "accept" : decision;
      const result = question.answer(told, paramsOf(request));
      rpc.answer(request.id, { result });
    }
    const data = {
      approval_id: approvalId,
      decision,
      by,
      beyond_max_sandbox: this.#isBeyond(question),
    };
    this.#tell("approval.resolved", request, data);
  }

  #tell(type: ApprovalNews["type"], request: RpcRequest, data: Params): void {
    this.#options.tell({
      session_id: sessionOf(request),
      turn_id: text(paramsOf(request).turnId),
      type,
      data,
    });
  }
}

type Params = Readonly<Record<string, unknown>>;

/** What is told of a question, to be made an event. */
export interface ApprovalNews {
  readonly session_id: string | null;
  readonly turn_id: string | null;
  readonly type: "approval.requested" | "approval.resolved";
  readonly data: Readonly<Record<string, unknown>>;
}

/** Who ended a question; `session`: what a client has accepted for all of it. */
type By = "policy" | "timeout" | "client" | "session" | "codex" | "restart";

interface Pending {
  readonly request: RpcRequest;
  readonly question: Question;
  readonly rpc: Pick<RpcConnection, "answer">;
  readonly timer: Timer | undefined;
}

interface ApprovalsOptions {
  readonly clock: Clock;
  readonly newId: NewId;
  readonly timeoutMs: number;
  /** `BAA_CODEX_MAX_SANDBOX`: only a person lets Codex do more. */
  readonly maxSandbox: Sandbox;
  /** What holds for a session; null: a question of no session. */
  modeOf(sessionId: string | null): ApprovalMode;
  tell(news: ApprovalNews): void;
}

function isAccepted(
  decision: ApprovalDecision | null,
): decision is "accept" | "accept_for_session" {
  return decision === "accept" || decision === "accept_for_session";
}

/** The command that is asked for, and its session; null: nothing that comes again. */
function commandOf(request: RpcRequest, { kind }: Question) {
  const { command, cwd } = paramsOf(request);
  const session = kind === "command" ? sessionOf(request) : null;
  return { session, command: [command, cwd] };
}

function facts(question: Question, params: Params): Record<string, unknown> {
  return Object.fromEntries(
    question.facts.map((name) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      params[name] ?? null,
    ]),
  );
}

function sessionOf(request: RpcRequest): string | null {
  const { threadId, conversationId } = paramsOf(request);
  return text(threadId) ?? text(conversationId);
}

function paramsOf({ params }: RpcRequest): Params {
  return typeof params === "object" && params !== null ? params as Params : {};
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
