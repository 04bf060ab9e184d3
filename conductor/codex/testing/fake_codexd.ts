import { join } from "@std/path";
import type {
  Approval,
  ApprovalOutcome,
  Session,
  TurnAnswer,
} from "../../../shared/contracts/mod.ts";
import type { CodexEvent } from "../../../shared/contracts/codexd_events.ts";
import { CodexdApi } from "../codexd_api.ts";
import {
  eventFilter,
  EventsQuery,
} from "../../../shared/contracts/codexd_routes.ts";
import { codexdKeyPath } from "../../../shared/contracts/codexd_key.ts";
import type { CodexdStatus } from "../../../shared/contracts/codexd_status.ts";

/** A request as the stand-in got it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** What the stand-in answers instead, for one path. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Record<string, unknown>;
}

const AT = "2026-01-01T00:00:00.000Z";

/**
 * A codexd on a Unix socket that answers as it is told, to whoever has the key;
 * its events are a test's to push.
 */
export class FakeCodexd implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  readonly events: CodexEvent[] = [];
  readonly refusals = new Map<string, Refusal>();
  /** What waits for an answer. */
  approvals: Approval[] = [];
  /** What runs, as far as a test says so; an interrupt ends it. */
  activeTurns: CodexdStatus["sessions"]["active_turns"] = [];
  available = true;
  reason = "Codex is not logged in";
  readonly #sockets = new Map<WebSocket, (event: CodexEvent) => boolean>();
  /** The state folder that it shares with a conductor. */
  readonly stateDir = Deno.makeTempDirSync({ prefix: "fake-codexd-" });
  readonly socket = join(this.stateDir, "codexd", "codexd.sock");
  /** Nobody is to call it there. */
  readonly origin = "http://127.0.0.1:4319";
  readonly #apis = new DisposableStack();
  #key = "";
  readonly #server: Deno.HttpServer;
  #hidden = false;
  #turns = 0;

  constructor() {
    Deno.mkdirSync(join(this.stateDir, "codexd"), { mode: 0o700 });
    this.changeKey();
    this.#server = Deno.serve(
      { path: this.socket, onListen() {} },
      (request) => this.#answer(request),
    );
  }

  /** What a conductor is told, to find it. */
  get env() {
    return { BAA_CODEXD_LOCAL_API: this.origin, BAA_STATE_DIR: this.stateDir };
  }

  /** A way to it as conductor's, which ends with it. */
  api(base = new URL(this.origin)): CodexdApi {
    const { stateDir, socket } = this;
    return this.#apis.use(new CodexdApi({ base, socket, stateDir }));
  }

  /** Takes another key, as a codexd that was installed anew. */
  changeKey(): void {
    this.#key = crypto.randomUUID();
    const path = codexdKeyPath(this.stateDir);
    Deno.writeTextFileSync(path, `${this.#key}\n`, { mode: 0o600 });
  }

  /** Connections to its events. */
  get sockets(): number {
    return this.#sockets.size;
  }

  /** Numbers an event, keeps it, and sends it to who follows. */
  push(event: Partial<CodexEvent>): CodexEvent {
    const whole: CodexEvent = {
      seq: this.events.length + 1,
      session_id: "session-1",
      turn_id: null,
      type: "warning",
      at: AT,
      data: {},
      ...event,
    };
    this.events.push(whole);
    for (const [socket, isWanted] of this.#sockets) {
      if (isWanted(whole)) send(socket, whole);
    }
    return whole;
  }

  /** Asks something in the turn `turn-1`, and tells it. */
  ask(
    approval_id: string,
    request: Readonly<Record<string, unknown>> = { command: "rm x" },
  ): void {
    const facts = { approval_id, kind: "command", expires_at: AT };
    this.approvals.push({
      ...facts,
      session_id: SESSION.session_id,
      turn_id: "turn-1",
      request,
      decisions: ["accept", "decline"],
      beyond_max_sandbox: true,
      asked_at: AT,
    });
    this.push({
      turn_id: "turn-1",
      type: "approval.requested",
      at: new Date().toISOString(),
      data: facts,
    });
  }

  /** Resolves when somebody follows the events. */
  async followed(count = 1): Promise<void> {
    while (this.#sockets.size < count) await tick();
  }

  /** Serves nothing any more, as a codexd that is about to end. */
  hide(): void {
    this.#hidden = true;
    for (const socket of this.#sockets.keys()) socket.close(1001);
    this.#sockets.clear();
  }

  show(): void {
    this.#hidden = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hide();
    this.#apis.dispose();
    await this.#server.shutdown();
    await Deno.remove(this.stateDir, { recursive: true });
  }

  async #answer(request: Request): Promise<Response> {
    if (this.#hidden) return new Response("gone", { status: 503 });
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/healthz") return new Response("ok");
    if (request.headers.get("authorization") !== `Bearer ${this.#key}`) {
      const error = { code: "UNAUTHORIZED", message: "no" };
      const answer = { ok: false, request_id: "r", error };
      return Response.json(answer, { status: 401 });
    }
    if (request.headers.get("upgrade") === "websocket") {
      return this.#follow(request, searchParams);
    }
    const text = await request.text();
    const body = text === "" ? undefined : JSON.parse(text);
    const { method, headers } = request;
    const search = String(searchParams);
    this.seen.push({ method, path: pathname, search, headers, body });
    const refusal = this.refusals.get(pathname);
    if (refusal !== undefined) {
      const { status, ...error } = refusal;
      const answer = { ok: false, request_id: "r", error };
      return Response.json(answer, { status });
    }
    const data = this.#data(method, pathname, body);
    return Response.json({ ok: true, request_id: "r", data });
  }

  #data(method: string, path: string, body: Record<string, unknown>): unknown {
    switch (`${method} ${path}`) {
      case "GET /v1/codexd/status":
        return { ...this.#status(), usage: USAGE };
      case "GET /v1/codexd/sessions":
        return {
          count: 1,
          next_cursor: null,
          sessions: [SESSION],
          complete: true,
        };
      case "POST /v1/codexd/sessions": {
        const created = body.session_id === undefined;
        return { session_id: SESSION.session_id, session: SESSION, created };
      }
      case "POST /v1/codexd/turn":
        return this.#turn(body);
      default:
        return {
          session_id: SESSION.session_id,
          session: SESSION,
          turns: [],
          next_cursor: null,
          history: "none",
        };
    }
  }

  #turn(body: Record<string, unknown>): TurnAnswer {
    const action = (body.action ?? "start") as TurnAnswer["action"];
    const approval = this.#respond(body);
    if (action === "start") this.#turns++;
    if (action === "interrupt") {
      this.activeTurns = this.activeTurns.filter(({ turn_id }) =>
        turn_id !== body.turn_id
      );
    }
    const turn_id = `turn-${this.#turns}`;
    const ended = body.wait === true;
    const status = ended ? "completed" : "in_progress";
    return {
      session_id: SESSION.session_id,
      turn_id,
      action,
      status,
      turn: {
        turn_id,
        reason: null,
        status,
        error: null,
        started_at: AT,
        completed_at: ended ? AT : null,
        duration_ms: ended ? 1 : null,
      },
      final_message: ended ? "Hello" : null,
      usage: null,
      timed_out: false,
      ...(approval && { approval }),
    };
  }

  #respond(
    { approval_id, decision }: Record<string, unknown>,
  ): ApprovalOutcome | undefined {
    if (approval_id === undefined) return undefined;
    this.approvals = this.approvals.filter((it) =>
      it.approval_id !== approval_id
    );
    const outcome = {
      approval_id: String(approval_id),
      decision: (decision ?? "answered") as ApprovalOutcome["decision"],
      by: "client" as const,
      decided_by: "somebody",
      decided_at: AT,
      beyond_max_sandbox: decision === "accept",
    };
    this.push({ turn_id: "turn-1", type: "approval.resolved", data: outcome });
    return outcome;
  }

  #follow(request: Request, query: URLSearchParams): Response {
    const { socket, response } = Deno.upgradeWebSocket(request);
    const isWanted = eventFilter(EventsQuery.parse(Object.fromEntries(query)));
    const after = Number(query.get("after") ?? this.events.length);
    socket.addEventListener("open", () => {
      if (this.#hidden) return socket.close(1001);
      this.#sockets.set(socket, isWanted);
      for (const event of this.events.slice(after).filter(isWanted)) {
        send(socket, event);
      }
    });
    socket.addEventListener("close", () => this.#sockets.delete(socket));
    socket.addEventListener("error", (event) => event.preventDefault());
    return response;
  }

  #status(): CodexdStatus {
    return {
      version: "0.1.0",
      available: this.available,
      app_server: {
        state: "ready",
        fault: null,
        pid: 1,
        version: "0.169.0",
        supported_versions: "any",
        tested_version: "0.169.0",
        binary: "/usr/bin/codex",
        codex_home: "/nowhere",
        started_at: AT,
        outdated: null,
        restarts: 0,
        next_attempt_at: null,
        last_exit: null,
      },
      account: {
        logged_in: this.available,
        auth_mode: null,
        plan_type: null,
        requires_openai_auth: true,
        fingerprint: null,
      },
      sessions: {
        known: 1,
        newest: SESSION.session_id,
        loaded: 1,
        active_turns: this.activeTurns,
      },
      approvals: {
        mode: "deny",
        timeout_ms: 1,
        pending: this.approvals.length,
        items: this.approvals,
      },
      rate_limits: null,
      models: [],
      max_sandbox: "read-only",
      events: { seq: this.events.length, first_seq: 1, subscribers: 0 },
      degraded_reasons: this.available ? [] : [this.reason],
    };
  }
}

const SUM = {
  turns: 1,
  total_tokens: 120,
  input_tokens: 100,
  cached_input_tokens: 0,
  output_tokens: 20,
  reasoning_output_tokens: 0,
};
const USAGE = { usage: [{ key: "session-1", ...SUM }], total: SUM };

const SESSION: Session = {
  session_id: "session-1",
  title: "A session",
  preview: "",
  state: "idle",
  active_turn_id: null,
  cwd: "/",
  model: null,
  model_provider: null,
  approval_policy: null,
  sandbox: "read-only",
  approvals: "deny",
  ephemeral: false,
  archived: false,
  fork_of: null,
  created_by: null,
  created_at: AT,
  updated_at: AT,
};

function send(socket: WebSocket, event: CodexEvent): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(event));
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}
