import {
  APPROVAL_MODES,
  SANDBOXES,
  type Session,
  type SessionAnswer,
  type SessionRequest,
} from "../../shared/contracts/mod.ts";
import {
  AppError,
  type InputIssue,
  invalidInput,
  invalidInputs,
  messageOf,
} from "../../shared/errors.ts";
import {
  type Approvals,
  type CodexClient,
  isRefusal,
} from "../app_server/mod.ts";
import {
  absoluteFrom,
  followParents,
  isFromHome,
  type PathBase,
} from "../../shared/user_path.ts";
import type { SessionPorts } from "./session_ports.ts";
import { isArchived, sessionView } from "./session_view.ts";
import { NO_TOKENS } from "./usage_ledger.ts";

/** Until its first turn gives a session a better one. */
export const NO_TITLE = "New session";

const CANNOT_OPEN = { message: "Cannot open the session" };

/** What goes only with a new session, because Codex fixes it then. */
const NEW_ONLY = [
  "fork_of",
  "cwd",
  "model",
  "approval_policy",
  "instructions",
  "ephemeral",
] as const;

/** What a session that is put away is not given. */
const LIVE_ONLY = ["title", "sandbox", "approvals"] as const;

/** Makes sessions and resumes them. */
export class SessionService {
  readonly #ports: Ports;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /**
   * Makes a session, or resumes the one that the request names.
   * @throws {AppError}
   */
  async open(request: SessionRequest): Promise<SessionAnswer> {
    const isNew = request.session_id === undefined;
    const problems = [
      ...this.#beyondLimits(request),
      ...(isNew ? [] : onlyForNew(request)),
    ];
    if (isNew && request.archived !== undefined) {
      problems.push({ path: "archived", message: "goes with session_id only" });
    }
    if (request.archived) {
      const others = LIVE_ONLY.filter((path) => request[path] !== undefined);
      const message = "does not go with archived: true";
      problems.push(...others.map((path) => ({ path, message })));
    }
    if (problems.length > 0) throw invalidInputs(problems, CANNOT_OPEN);
    const sessionId = request.session_id ?? await this.#create(request);
    if (!isNew && request.archived !== undefined) {
      const view = await this.#archive(sessionId, request.archived);
      if (request.archived) {
        return { session_id: sessionId, session: view, created: false };
      }
    }
    if (!isNew) await this.#resume(sessionId, request);
    const answer = this.answer(sessionId, isNew);
    if (answer === undefined) throw new AppError("NOT_FOUND");
    return answer;
  }

  /** Tells of a session what codexd alone knows; undefined when it does not know it. */
  answer(sessionId: string, created: boolean): SessionAnswer | undefined {
    const record = this.#ports.index.get(sessionId);
    const session = record && sessionView(this.#ports, { record });
    return session && { session_id: sessionId, session, created };
  }

  /** Returns the id of the new session. */
  async #create(request: SessionRequest): Promise<string> {
    const { codex, loader, clock, place, index } = this.#ports;
    const { fork_of } = request;
    // A fork works where its session does, within what that may do.
    const parent = index.get(fork_of ?? "");
    const cwd = fork_of === undefined || request.cwd !== undefined
      ? await folder(request.cwd ?? place.cwd, place)
      : undefined;
    const client = await codex.usable();
    const { ephemeral = false, title = parent?.title ?? NO_TITLE } = request;
    const thread = {
      cwd,
      model: request.model,
      approvalPolicy: request.approval_policy,
      developerInstructions: request.instructions,
      ephemeral,
    };
    const opened = fork_of === undefined
      ? await client.startThread(thread)
      : await client.forkThread({ ...thread, threadId: fork_of });
    loader.opened(opened, {
      title: ephemeral ? request.title ?? null : title,
      approval_policy: request.approval_policy ?? parent?.approval_policy ??
        null,
      sandbox: request.sandbox ?? parent?.sandbox ?? null,
      approvals: request.approvals ?? parent?.approvals ?? null,
      created_at: clock.now(),
      fork_of: fork_of ?? null,
      ...(fork_of === undefined
        ? { used: false, preview: "", tokens: NO_TOKENS }
        : { used: parent?.used ?? true }),
    });
    if (!ephemeral) await this.#name(client, opened.thread.id, title);
    return opened.thread.id;
  }

  async #resume(sessionId: string, request: SessionRequest): Promise<void> {
    const { codex, loader, index } = this.#ports;
    const client = await codex.usable();
    await loader.ensure(client, sessionId);
    const { sandbox, approvals, title } = request;
    if (sandbox ?? approvals) this.#ports.approvals.forget(sessionId);
    index.update(sessionId, {
      ...(sandbox && { sandbox }),
      ...(approvals && { approvals }),
      ...(title && { title }),
    });
    if (title) await client.nameThread(sessionId, title);
  }

  /**
   * Puts a session away, or fetches it back; neither is an error when it is so
   * already.
   */
  async #archive(sessionId: string, archived: boolean): Promise<Session> {
    const { codex, index, loader, turns } = this.#ports;
    // No turn is to start meanwhile.
    using _ = turns.reserve(sessionId);
    const client = await codex.ready();
    const thread = await client.readThread(sessionId);
    if (isArchived(thread) !== archived) {
      await client.archiveThread(sessionId, archived);
    }
    if (archived) loader.forget(sessionId);
    index.update(sessionId, { archived });
    const record = index.get(sessionId);
    const view = sessionView(this.#ports, { thread, record });
    return { ...view, archived };
  }

  /**
   * Names a new thread: only one with a name is on disk before its first turn,
   * and what is acknowledged should be there after a crash.
   */
  async #name(
    client: CodexClient,
    sessionId: string,
    title: string,
  ): Promise<void> {
    try {
      await client.nameThread(sessionId, title);
    } catch (error) {
      // Without an app-server there is no session to be acknowledged.
      if (!isRefusal(error)) throw error;
      const facts = { session_id: sessionId, reason: messageOf(error) };
      this.#ports.log.warn("Cannot name a new session", facts);
    }
  }

  #beyondLimits({ sandbox, approvals }: SessionRequest): InputIssue[] {
    const { limits } = this.#ports;
    return [
      ...beyond("sandbox", SANDBOXES, {
        asked: sandbox,
        most: limits.maxSandbox,
        variable: "BAA_CODEX_MAX_SANDBOX",
      }),
      ...beyond("approvals", APPROVAL_MODES, {
        asked: approvals,
        most: limits.approvals,
        variable: "BAA_CODEX_APPROVALS",
      }),
    ];
  }
}

interface Ports extends SessionPorts {
  readonly approvals: Pick<Approvals, "forget">;
}

/** Refuses a value that stands behind `most` in an ordered list. */
function beyond<T extends string>(
  path: string,
  order: readonly T[],
  limit: {
    readonly asked: T | undefined;
    readonly most: T;
    readonly variable: string;
  },
): InputIssue[] {
  const { asked, most, variable } = limit;
  const last = order.indexOf(most);
  if (asked === undefined || order.indexOf(asked) <= last) return [];
  const allowed = order.slice(0, last + 1).join(", ");
  return [{ path, message: `${variable} allows: ${allowed}` }];
}

function onlyForNew(request: SessionRequest): InputIssue[] {
  return NEW_ONLY.filter((path) => request[path] !== undefined)
    .map((path) => ({
      path,
      message: "goes with a new session only, not with session_id",
    }));
}

/** Codex itself would accept a folder that does not exist, and fail later. */
async function folder(cwd: string, place: PathBase): Promise<string> {
  try {
    if (isFromHome(cwd) && !place.home) throw new Error("HOME is not known");
    const path = await followParents(absoluteFrom(cwd, place), realFolder);
    await realFolder(path);
    return path;
  } catch (error) {
    const problem = error instanceof Deno.errors.NotFound
      ? "it does not exist"
      : messageOf(error);
    throw invalidInput("cwd", `Cannot use "${cwd}": ${problem}`, CANNOT_OPEN);
  }
}

async function realFolder(path: string): Promise<string> {
  const real = await Deno.realPath(path);
  if ((await Deno.stat(real)).isDirectory) return real;
  throw new Error("it is no folder");
}
