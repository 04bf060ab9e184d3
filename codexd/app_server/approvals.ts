import { type Clock, isoTime, type Timer } from "../../shared/clock.ts";
import type {
  Approval,
  ApprovalDecision,
  ApprovalMode,
  ApprovalOutcome,
  Sandbox,
} from "../../shared/contracts/mod.ts";
import { AppError } from "../../shared/errors.ts";
import { type NewId, otherThan } from "../../shared/ids.ts";
import {
  METHOD_NOT_FOUND,
  type RpcConnection,
  type RpcId,
  type RpcRequest,
} from "../rpc/mod.ts";
import { AcceptedCommands } from "./accepted_commands.ts";
import {
  alreadyDecided,
  type ApprovalRecord,
  type ApprovalRecords,
} from "./approval_record.ts";
import { checkAnswer, type GivenAnswer } from "./check_answer.ts";
import { type Question, QUESTIONS } from "./questions.ts";

/** Answers the app-server's questions by policy; none is ever left open. */
export class Approvals {
  readonly #options: ApprovalsOptions;
  /** Those that wait for somebody. */
  readonly #pending = new Map<string, Pending>();
  readonly #accepted = new AcceptedCommands();

  constructor(options: ApprovalsOptions) {
    this.#options = options;
  }

  /** Questions that wait for somebody, the oldest first. */
  get items(): readonly Approval[] {
    return [...this.#pending.values()].map(({ approval }) => approval);
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
    const { clock, newId, timeoutMs, records } = this.#options;
    const approval = this.#approval(request, question, newId("apr"));
    const { approval_id, kind, beyond_max_sandbox } = approval;
    const mode = this.#options.modeOf(approval.session_id);
    const pending = { approval, request, question, rpc };
    const wasAccepted = mode === "ask" && this.#wasAccepted(pending);
    const waits = mode === "ask" && !wasAccepted;
    this.#tell("approval.requested", approval, {
      approval_id,
      kind,
      ...approval.request,
      decisions: approval.decisions,
      approvals: mode,
      beyond_max_sandbox,
      expires_at: waits ? approval.expires_at : null,
    });
    if (waits) {
      records.set(approval_id, { ...approval, outcome: null });
      const timer = clock.after(timeoutMs, () => this.#expire(approval_id));
      this.#pending.set(approval_id, { ...pending, timer });
    } else if (wasAccepted) {
      this.#decide(pending, "accept_for_session", "session");
    } else {
      const accepts = mode === "accept" && canAccept(question) &&
        !beyond_max_sandbox;
      this.#decide(pending, accepts ? "accept" : "decline", "policy");
    }
  }

  /**
   * What is known of an approval, whether it waits or was decided.
   * @throws {AppError} NOT_FOUND
   */
  find(approvalId: string): ApprovalRecord {
    // Of the records the oldest fall out, and that one may still wait.
    const waits = this.#pending.get(approvalId);
    if (waits !== undefined) return { ...waits.approval, outcome: null };
    const record = this.#options.records.get(approvalId);
    if (record !== undefined) return record;
    throw new AppError("NOT_FOUND", "Cannot find the approval", {
      hint: `${
        otherThan(approvalId, "apr")
      }Take the approval_id of one that waits, from approvals.items[] of GET /v1/codexd/status.`,
    });
  }

  /**
   * Answers a question as a person decided, who may go beyond the widest
   * sandbox. The first answer wins.
   * @throws {AppError} NOT_FOUND; CONFLICT that says who was first;
   * INVALID_INPUT when that is no answer to what is asked, which waits on
   */
  respond(
    approvalId: string,
    given: GivenAnswer,
    actor: string,
  ): ApprovalOutcome {
    const pending = this.#pending.get(approvalId);
    if (pending === undefined) {
      const { outcome } = this.find(approvalId);
      throw outcome === null
        ? new AppError("NOT_FOUND", "Cannot find the approval")
        : alreadyDecided(outcome);
    }
    const params = paramsOf(pending.request);
    const result = checkAnswer(given, { ...pending, params });
    const { decision = "answered" } = given;
    if (decision === "accept_for_session") this.#remember(pending);
    // On disk before it is done, so that a crash leaves nothing undecided that was.
    const outcome = this.#end(pending, decision, "client", actor);
    pending.rpc.answer(pending.request.id, { result });
    return outcome;
  }

  /** The app-server tells that a question is settled, perhaps without us. */
  resolved(requestId: RpcId): void {
    for (const pending of this.#pending.values()) {
      if (pending.request.id === requestId) this.#end(pending, null, "codex");
    }
  }

  /** The limits of a session were asked anew: what was accepted for it counts no more. */
  forget(sessionId: string): void {
    this.#accepted.forget(sessionId);
  }

  /** The app-server is gone: its questions went with it. */
  dropAll(): void {
    this.#accepted.forgetAll();
    for (const pending of this.#pending.values()) {
      this.#end(pending, null, "restart");
    }
  }

  /** Ends what waited when an earlier codexd was killed. */
  recover(): void {
    for (const approval of this.#options.records.values()) {
      if (approval.outcome !== null) continue;
      this.#settle(approval, { decision: null, by: "restart" });
    }
  }

  #approval(
    request: RpcRequest,
    question: Question,
    approval_id: string,
  ): Approval {
    const { clock, timeoutMs } = this.#options;
    const params = paramsOf(request);
    const now = clock.now();
    const [turn_id, item_id] = [text(params.turnId), text(params.itemId)];
    const changes = question.kind === "file_change"
      ? this.#options.changesOf?.(turn_id, item_id)
      : undefined;
    return {
      approval_id,
      session_id: sessionOf(params),
      turn_id,
      kind: question.kind,
      request: {
        item_id,
        ...facts(question, params),
        ...(changes !== undefined && { changes }),
      },
      decisions: [...question.decisions],
      beyond_max_sandbox: this.#isBeyond(question),
      asked_at: isoTime(now),
      expires_at: isoTime(now + timeoutMs),
    };
  }

  /**
   * Whether accepting may let Codex do more than the widest sandbox does. What
   * it asks does not tell a command that is to leave its sandbox from one that
   * stays in it, nor a patch: only where everything is allowed none goes beyond.
   */
  #isBeyond(question: Question): boolean {
    const { maxSandbox } = this.#options;
    return canAccept(question) && maxSandbox !== "danger-full-access";
  }

  #remember({ approval, request }: Asked): void {
    const command = commandOf(request, approval);
    if (command !== undefined) {
      this.#accepted.add(approval.session_id ?? "", command);
    }
  }

  #wasAccepted({ approval, request }: Asked): boolean {
    const command = commandOf(request, approval);
    return command !== undefined &&
      this.#accepted.has(approval.session_id ?? "", command);
  }

  #expire(approvalId: string): void {
    const pending = this.#pending.get(approvalId);
    if (pending !== undefined) this.#decide(pending, "decline", "timeout");
  }

  /** Answers without a client. */
  #decide(asked: Asked, decision: ApprovalDecision, by: By): void {
    const { request, question, rpc } = asked;
    const once = decision === "accept_for_session" ? "accept" : decision;
    const result = question.answer(once, paramsOf(request));
    this.#end(asked, decision, by);
    rpc.answer(request.id, { result });
  }

  #end(
    { approval, timer }: Asked & Partial<Pending>,
    decision: ApprovalOutcome["decision"],
    by: By,
    decided_by: string | null = null,
  ): ApprovalOutcome {
    timer?.cancel();
    this.#pending.delete(approval.approval_id);
    return this.#settle(approval, { decision, by, decided_by });
  }

  /** Writes down what was decided, and tells it. */
  #settle(
    record: Omit<ApprovalRecord, "outcome">,
    { decision, by, decided_by = null }: Settled,
  ): ApprovalOutcome {
    const { approval_id, session_id, turn_id, beyond_max_sandbox } = record;
    const { clock, records } = this.#options;
    const outcome: ApprovalOutcome = {
      approval_id,
      decision,
      by,
      decided_by,
      decided_at: isoTime(clock.now()),
      beyond_max_sandbox: isAccepted(decision) && beyond_max_sandbox,
    };
    const place = { session_id, turn_id };
    const kept = { approval_id, ...place, beyond_max_sandbox, outcome };
    records.set(approval_id, kept);
    // Also what was declined is told so: that may be why.
    const told = { ...outcome, beyond_max_sandbox };
    this.#tell("approval.resolved", place, told);
    return outcome;
  }

  #tell(
    type: ApprovalNews["type"],
    { session_id, turn_id }: Pick<Approval, "session_id" | "turn_id">,
    data: Params,
  ): void {
    this.#options.tell({ session_id, turn_id, type, data });
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

type By = ApprovalOutcome["by"];
type Settled =
  & Pick<ApprovalOutcome, "decision" | "by">
  & Partial<Pick<ApprovalOutcome, "decided_by">>;

/** A question, and who is to be answered. */
interface Asked {
  readonly approval: Approval;
  readonly request: RpcRequest;
  readonly question: Question;
  readonly rpc: Pick<RpcConnection, "answer">;
}

interface Pending extends Asked {
  readonly timer: Timer;
}

interface ApprovalsOptions {
  readonly clock: Clock;
  readonly newId: NewId;
  readonly timeoutMs: number;
  /** `BAA_CODEX_MAX_SANDBOX`: only a person lets Codex do more. */
  readonly maxSandbox: Sandbox;
  readonly records: ApprovalRecords;
  /** What a patch would change: its question does not say. */
  changesOf?(turnId: string | null, itemId: string | null): unknown;
  /** What holds for a session; null: a question of no session. */
  modeOf(sessionId: string | null): ApprovalMode;
  tell(news: ApprovalNews): void;
}

function isAccepted(decision: ApprovalOutcome["decision"]): boolean {
  return decision === "accept" || decision === "accept_for_session";
}

function canAccept({ decisions }: Question): boolean {
  return decisions.includes("accept");
}

/**
 * What is asked for, where it is a command in a session that may come again;
 * undefined: what asks for more than to run a command is asked each time.
 */
function commandOf(
  request: RpcRequest,
  { kind, session_id }: Approval,
): unknown {
  const { command, cwd, networkApprovalContext, additionalPermissions } =
    paramsOf(request);
  const isPlain = kind === "command" && session_id !== null &&
    command && !networkApprovalContext && !additionalPermissions;
  return isPlain ? [command, cwd] : undefined;
}

function facts(question: Question, params: Params): Record<string, unknown> {
  return Object.fromEntries(
    question.facts.filter((name) => params[name] !== undefined).map((name) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      params[name],
    ]),
  );
}

function sessionOf({ threadId, conversationId }: Params): string | null {
  return text(threadId) ?? text(conversationId);
}

function paramsOf({ params }: RpcRequest): Params {
  return typeof params === "object" && params !== null ? params as Params : {};
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
