import { z } from "zod";
import type { RpcCallOptions, RpcConnection } from "../rpc/mod.ts";
import { callerError, ProtocolError } from "./caller_error.ts";
import {
  AccountResult,
  InitializeResult,
  ModelPage,
  OpenedThread,
  RateLimitsResult,
  SteerResult,
  ThreadPage,
  ThreadResult,
  ThreadWithTurns,
  TurnPage,
  TurnResult,
} from "./protocol.ts";

/** Where Codex's other clients make threads; sub-agents are left out. */
const SOURCES = ["cli", "vscode", "exec", "appServer", "unknown"];

/** For answers that say nothing. */
const Nothing = z.unknown();

/** For what sessions can do without: nobody is to wait long for it. */
const SIDE: RpcCallOptions = { timeoutMs: 5000 };

/** The app-server's methods that codexd uses, typed; nothing else is ever called. */
export class CodexClient {
  readonly #rpc: Pick<RpcConnection, "call" | "notify">;

  constructor(rpc: Pick<RpcConnection, "call" | "notify">) {
    this.#rpc = rpc;
  }

  /** The handshake; nothing else is answered before it. */
  async initialize(version: string, options?: RpcCallOptions) {
    const result = await this.#ask(InitializeResult, "initialize", {
      clientInfo: { name: "codexd", title: "codexd", version },
      capabilities: { experimentalApi: true, requestAttestation: false },
    }, options);
    this.#rpc.notify("initialized");
    return result;
  }

  account() {
    return this.#call(AccountResult, "account/read", {}, SIDE);
  }

  /** Those of Codex's own catalog. */
  async models() {
    return (await this.#call(ModelPage, "model/list", {}, SIDE)).data;
  }

  /** Of a ChatGPT login; any other is refused. */
  async rateLimits() {
    const method = "account/rateLimits/read";
    return (await this.#call(RateLimitsResult, method, null, SIDE)).rateLimits;
  }

  /** Asks for something cheap: an answer means that it lives. */
  async ping(options: RpcCallOptions): Promise<void> {
    await this.#rpc.call("thread/loaded/list", {}, options);
  }

  startThread(thread: NewThread) {
    return this.#call(OpenedThread, "thread/start", { ...thread });
  }

  /** Loads a thread from disk, without its turns. */
  resumeThread(threadId: string) {
    const params = { threadId, excludeTurns: true };
    return this.#call(OpenedThread, "thread/resume", params);
  }

  /** A new thread that begins with the turns of another. */
  forkThread(thread: NewThread & { readonly threadId: string }) {
    const params = { ...thread, excludeTurns: true };
    return this.#call(OpenedThread, "thread/fork", params);
  }

  /** Puts a thread away, or fetches it back. A turn that runs would be interrupted. */
  async archiveThread(threadId: string, archived: boolean): Promise<void> {
    const method = archived ? "thread/archive" : "thread/unarchive";
    await this.#call(Nothing, method, { threadId });
  }

  /** Names a thread; this also puts it on disk before it has a turn. */
  async nameThread(threadId: string, name: string): Promise<void> {
    await this.#call(Nothing, "thread/name/set", { threadId, name }, SIDE);
  }

  async readThread(threadId: string) {
    return (await this.#call(ThreadResult, "thread/read", { threadId })).thread;
  }

  /** Threads on disk that have a prompt, newest first. */
  listThreads(page: ListedFrom) {
    return this.#call(ThreadPage, "thread/list", {
      ...page,
      sortKey: "created_at",
      sourceKinds: SOURCES,
      modelProviders: [],
    });
  }

  /** Turns of a thread on disk with their items, newest first. */
  listTurns(page: ListedFrom & { readonly threadId: string }) {
    const params = { ...page, itemsView: "full" };
    return this.#call(TurnPage, "thread/turns/list", params);
  }

  /** Every turn of a thread, oldest first; for an app-server that has no pages of them. */
  async readTurns(threadId: string) {
    const params = { threadId, includeTurns: true };
    const { thread } = await this.#call(ThreadWithTurns, "thread/read", params);
    return thread.turns;
  }

  async unsubscribe(threadId: string): Promise<void> {
    await this.#call(Nothing, "thread/unsubscribe", { threadId });
  }

  /**
   * Starts a turn. The caller makes sure that none runs: the app-server would
   * take it as steering.
   */
  async startTurn(turn: NewTurn) {
    return (await this.#call(TurnResult, "turn/start", { ...turn })).turn;
  }

  /** Has a thread's history shortened: a turn, of which the answer says nothing. */
  async startCompaction(threadId: string): Promise<void> {
    await this.#call(Nothing, "thread/compact/start", { threadId });
  }

  /** Starts a review, within limits that `review/start` itself does not take. */
  async startReview(
    threadId: string,
    target: unknown,
    limits: TurnLimits,
  ) {
    const settings = { threadId, ...limits };
    await this.#call(Nothing, "thread/settings/update", settings);
    const params = { threadId, target };
    return (await this.#call(TurnResult, "review/start", params)).turn;
  }

  async steerTurn(
    params: {
      readonly threadId: string;
      readonly expectedTurnId: string;
      readonly input: readonly unknown[];
      readonly clientUserMessageId?: string | undefined;
    },
  ): Promise<string> {
    return (await this.#call(SteerResult, "turn/steer", params)).turnId;
  }

  async interruptTurn(threadId: string, turnId: string): Promise<void> {
    await this.#call(Nothing, "turn/interrupt", { threadId, turnId });
  }

  /** Ends commands that an interrupted turn left running. */
  async cleanTerminals(threadId: string): Promise<void> {
    await this.#call(Nothing, "thread/backgroundTerminals/clean", { threadId });
  }

  /** @throws {AppError} as a caller of codexd's is told */
  async #call<S extends z.ZodType>(
    schema: S,
    method: string,
    params: unknown,
    options?: RpcCallOptions,
  ): Promise<z.output<S>> {
    try {
      return await this.#ask(schema, method, params, options);
    } catch (error) {
      throw callerError(error);
    }
  }

  async #ask<S extends z.ZodType>(
    schema: S,
    method: string,
    params: unknown,
    options?: RpcCallOptions,
  ): Promise<z.output<S>> {
    const result = schema.safeParse(
      await this.#rpc.call(method, params, options),
    );
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    const why = `${issue?.path.join(".")} ${issue?.message}`;
    throw new ProtocolError(`Cannot read the answer to ${method}: ${why}`);
  }
}

/** Which part of a list is wanted; its place is a cursor of Codex's own. */
interface ListedFrom {
  readonly cursor: string | null;
  readonly archived?: boolean;
  readonly limit: number;
}

/** Undefined fields are left to Codex's configuration. */
interface NewThread {
  readonly cwd?: string | undefined;
  readonly model?: string | undefined;
  readonly approvalPolicy?: string | undefined;
  readonly developerInstructions?: string | undefined;
  readonly ephemeral?: boolean | undefined;
}

/** A turn with what it may do: Codex itself would go by the turn before. */
export interface NewTurn extends TurnLimits {
  readonly threadId: string;
  readonly input: readonly unknown[];
  readonly model?: string | undefined;
  readonly effort?: string | undefined;
  readonly outputSchema?: unknown;
  /** Comes back as `clientId` of the user's message, also after a restart. */
  readonly clientUserMessageId?: string | undefined;
}

/** What a turn may do, in the form that `turn/start` takes. */
export interface TurnLimits {
  /**
   * Said here only: `thread/start` with a sandbox would mark the repository as
   * trusted in the owner's config.toml.
   */
  readonly sandboxPolicy?: unknown;
  readonly approvalPolicy?: unknown;
}
