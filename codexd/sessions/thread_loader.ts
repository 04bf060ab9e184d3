import type { Clock } from "../../shared/clock.ts";
import type { ApprovalMode, Sandbox } from "../../shared/contracts/mod.ts";
import { AppError } from "../../shared/errors.ts";
import type { CodexClient, OpenedThread } from "../app_server/mod.ts";
import type { SessionIndex, SessionRecord } from "./session_index.ts";

const SANDBOX_TYPES: Readonly<Record<string, Sandbox>> = {
  readOnly: "read-only",
  workspaceWrite: "workspace-write",
  dangerFullAccess: "danger-full-access",
};

/** Sessions unused for longer are let go: a loaded one costs memory. */
const IDLE_MS = 900_000;

/** Which sessions are loaded; loads those that are not, once for all who wait. */
export class ThreadLoader {
  readonly #index: SessionIndex;
  readonly #clock: Clock;
  readonly #loaded = new Map<string, LoadedThread>();
  readonly #loading = new Map<string, Promise<LoadedThread>>();

  constructor(index: SessionIndex, clock: Clock) {
    this.#index = index;
    this.#clock = clock;
  }

  get size(): number {
    return this.#loaded.size;
  }

  get(sessionId: string): LoadedThread | undefined {
    return this.#loaded.get(sessionId);
  }

  /**
   * Makes sure that a session is loaded.
   * @throws {AppError} NOT_FOUND, CONFLICT when another process has it, …
   */
  ensure(
    client: CodexClient,
    sessionId: string,
  ): Promise<LoadedThread> {
    const loaded = this.#loaded.get(sessionId);
    if (loaded !== undefined) {
      loaded.usedAt = this.#clock.monotonic();
      return Promise.resolve(loaded);
    }
    const loading = this.#loading.get(sessionId) ??
      this.#resume(client, sessionId)
        .finally(() => this.#loading.delete(sessionId));
    this.#loading.set(sessionId, loading);
    return loading;
  }

  /** Takes note that a thread is loaded, and of what Codex says of it. */
  opened(
    opened: OpenedThread,
    asked: Partial<SessionRecord> = {},
  ): LoadedThread {
    const { thread } = opened;
    const loaded: LoadedThread = {
      sandbox: SANDBOX_TYPES[opened.sandbox?.type ?? ""],
      sandboxPolicy: opened.sandbox ?? undefined,
      profile: opened.activePermissionProfile?.id,
      approvalPolicy: opened.approvalPolicy ?? null,
      status: thread.status?.type ?? "idle",
      usedAt: this.#clock.monotonic(),
    };
    this.#loaded.set(thread.id, loaded);
    const known = this.#index.get(thread.id);
    this.#index.set(thread.id, {
      approval_policy: null,
      sandbox: null,
      approvals: null,
      used: true,
      ended: false,
      archived: false,
      fork_of: thread.forkedFromId ?? null,
      tokens: null,
      running_turn: null,
      created_at: thread.createdAt * 1000 || this.#clock.now(),
      preview: thread.preview,
      created_by: thread.originator ?? null,
      ...known,
      session_id: thread.id,
      title: thread.name ?? known?.title ?? null,
      cwd: thread.cwd ?? opened.cwd ?? null,
      model: opened.model ?? thread.model ?? null,
      model_provider: thread.modelProvider ?? null,
      ephemeral: thread.ephemeral,
      updated_at: this.#clock.now(),
      ...asked,
    });
    return loaded;
  }

  /** The app-server has let go of a thread. */
  forget(sessionId: string): void {
    this.#loaded.delete(sessionId);
  }

  /** The app-server is gone, and with it everything that was loaded. */
  forgetAll(): void {
    this.#loaded.clear();
    this.#loading.clear();
  }

  /** Sessions that nobody has used for long, `busy` ones aside. */
  idle(busy: (sessionId: string) => boolean): string[] {
    const oldest = this.#clock.monotonic() - IDLE_MS;
    return [...this.#loaded].filter(([sessionId, { usedAt }]) =>
      usedAt < oldest && !busy(sessionId)
    ).map(([sessionId]) => sessionId);
  }

  async #resume(
    client: CodexClient,
    sessionId: string,
  ): Promise<LoadedThread> {
    const record = this.#index.get(sessionId);
    if (record?.ended || record?.ephemeral) {
      throw new AppError(
        "NOT_FOUND",
        "Cannot use the session: it was ephemeral and its app-server has ended",
      );
    }
    return this.opened(await client.resumeThread(sessionId));
  }
}

/** A thread that is loaded in the running app-server; its limits are those it had then. */
export interface LoadedThread {
  /** Undefined: not one we know. */
  readonly sandbox: Sandbox | undefined;
  /** The same, whole. */
  readonly sandboxPolicy: unknown;
  /** The permission profile that the sandbox comes from. */
  readonly profile: string | undefined;
  /** A word, or for each kind of question whether it is asked. */
  readonly approvalPolicy: string | Readonly<Record<string, unknown>> | null;
  /** As Codex tells it: `idle`, `active`, `systemError`, … */
  status: string;
  /** By the monotonic clock. */
  usedAt: number;
}

/** The stricter of what codexd is set to and what a session asks for. */
export function stricter(
  mode: ApprovalMode,
  asked: ApprovalMode | null | undefined,
): ApprovalMode {
  if (mode === "deny" || asked === "deny") return "deny";
  return mode === "ask" || asked === "ask" ? "ask" : "accept";
}
