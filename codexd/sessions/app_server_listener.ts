import { isoTime } from "../../shared/clock.ts";
import type {
  AppServerStatus,
  EventType,
  LastExit,
  Turn,
} from "../../shared/contracts/mod.ts";
import { messageOf } from "../../shared/errors.ts";
import type {
  Approvals,
  CodexClient,
  Life,
  Login,
  SupervisorEvents,
} from "../app_server/mod.ts";
import {
  RpcError,
  type RpcNotification,
  type RpcRequest,
  RpcTimeout,
} from "../rpc/mod.ts";
import { eventOf } from "./event_of.ts";
import type { SessionPorts } from "./ports.ts";
import type { NewEvent } from "./stored_event.ts";
import type { TurnService } from "./turn_service.ts";
import type { ActiveTurn } from "./turns.ts";
import { understand } from "./understand.ts";

/** What the listener works with. */
export interface ListenerPorts extends SessionPorts {
  readonly approvals: Approvals;
  readonly login: Login;
  readonly turnService: Pick<TurnService, "tellInterrupt">;
}

/** Hears what the app-server tells: keeps codexd's picture of it, and passes it on. */
export class AppServerListener implements SupervisorEvents {
  readonly #ports: ListenerPorts;

  constructor(ports: ListenerPorts) {
    this.#ports = ports;
  }

  onNotifications(notifications: readonly RpcNotification[]): void {
    // Who waits for the end of a turn goes on after this has returned: the
    // event is in the log by then.
    this.#ports.events.append(notifications.map((it) => this.#hear(it)));
  }

  onRequest(request: RpcRequest, life: Life): void {
    this.#ports.approvals.ask(request, life.rpc);
  }

  async onReady(client: CodexClient, codexHome?: string): Promise<void> {
    const { login, log } = this.#ports;
    try {
      await login.refresh(client, codexHome);
    } catch (error) {
      if (!(error instanceof RpcError || error instanceof RpcTimeout)) {
        throw error;
      }
      // Then a turn will tell.
      log.warn("Cannot read the account", { reason: messageOf(error) });
    }
  }

  onGone(reason: string): void {
    const { turns, approvals, loader, login } = this.#ports;
    this.#ports.events.append(turns.active.map((active) =>
      this.#completed(
        active.sessionId,
        turns.endedBy(active, "interrupted_by_restart", reason),
      )
    ));
    approvals.dropAll();
    loader.forgetAll();
    login.forget();
    this.#endEphemeral();
  }

  onExit(exit: LastExit): void {
    this.#tell("app_server.exited", { ...exit });
  }

  onState(status: AppServerStatus, reason: string | null): void {
    const { state, pid, version, restarts, fault } = status;
    const fix = fault?.fix ?? null;
    this.#tell("app_server.state", {
      state,
      pid,
      version,
      restarts,
      reason,
      fix,
    });
  }

  /** Ends what an earlier codexd left behind when it was killed. */
  recover(): void {
    for (const { session_id, running_turn } of this.#ports.index.all()) {
      if (running_turn === null) continue;
      this.#ports.events.append([
        this.#completed(session_id, {
          turn_id: running_turn.turn_id,
          status: "interrupted_by_restart",
          error: { message: "codexd was restarted" },
          started_at: isoTime(running_turn.started_at),
          completed_at: null,
          duration_ms: null,
        }),
      ]);
    }
    this.#endEphemeral();
  }

  /** Takes note of what a notification changes and returns its event. */
  #hear(notification: RpcNotification): NewEvent {
    const event = eventOf(notification);
    try {
      return this.#note(notification, event) ?? event;
    } catch (error) {
      const { method } = notification;
      this.#ports.log.error("Cannot take note of a notification", {
        method,
        error,
      });
      return event;
    }
  }

  #note(notification: RpcNotification, event: NewEvent): NewEvent | undefined {
    const { turns, index, loader, clock, approvals } = this.#ports;
    const active = turns.activeIn(event.session_id ?? "");
    if (active !== undefined) active.heardAt = clock.monotonic();
    if (active !== undefined && active.turnId === event.turn_id) {
      this.#announced(active);
    }
    const news = understand(notification);
    switch (news?.kind) {
      case "turn_started":
        this.#started(news.sessionId, news.turn);
        return undefined;
      case "turn_completed":
        return this.#completed(news.sessionId, news.turn, news.message);
      case "message":
        if (active?.turnId === news.turnId) active.finalMessage = news.text;
        return undefined;
      case "delta":
        if (active?.turnId === news.turnId) addDelta(active, news);
        return undefined;
      case "usage":
        if (active?.turnId === news.turnId) active.usage = news.usage;
        return undefined;
      case "status": {
        const loaded = loader.get(news.sessionId);
        if (loaded !== undefined) loaded.status = news.status;
        if (news.status === "notLoaded") loader.forget(news.sessionId);
        return undefined;
      }
      case "closed":
        loader.forget(news.sessionId);
        return undefined;
      case "renamed":
        index.update(news.sessionId, { title: news.title });
        return undefined;
      case "question_settled":
        approvals.resolved(news.requestId);
        return undefined;
      case "account":
        this.#refreshLogin();
        return undefined;
    }
  }

  #started(sessionId: string, { turn_id }: Turn): void {
    const { turns, index } = this.#ports;
    const active = turns.begin(sessionId, turn_id);
    index.turnStarted(active);
    this.#announced(active);
  }

  /** From now on the turn can be interrupted; perhaps that is wanted already. */
  #announced(active: ActiveTurn): void {
    if (active.announced) return;
    active.announced = true;
    const { turnService, log } = this.#ports;
    if (!active.interruptWanted) return;
    turnService.tellInterrupt(active).catch((error) =>
      log.warn("Cannot interrupt a turn", { reason: messageOf(error) })
    );
  }

  #completed(sessionId: string, turn: Turn, message?: string): NewEvent {
    const { turns, index, codex, log } = this.#ports;
    const active = turns.activeIn(sessionId);
    if (active?.turnId === turn.turn_id) {
      const told = turn.status === "completed"
        ? active.partial?.text
        : undefined;
      active.finalMessage ??= message ?? told ?? null;
    }
    const finished = turns.finish(sessionId, turn);
    index.turnEnded(sessionId, turn.turn_id);
    if (turn.status === "interrupted") {
      // An interrupt leaves the turn's commands running.
      codex.client?.cleanTerminals(sessionId).catch((error) =>
        log.debug("Cannot end a turn's commands", { reason: messageOf(error) })
      );
    }
    return {
      session_id: sessionId,
      turn_id: turn.turn_id,
      type: "turn.completed",
      data: {
        turn,
        status: turn.status,
        error: turn.error,
        final_message: finished.finalMessage,
        usage: finished.usage,
      },
    };
  }

  #endEphemeral(): void {
    const { index } = this.#ports;
    for (const { session_id, ephemeral, ended } of index.all()) {
      if (ephemeral && !ended) index.update(session_id, { ended: true });
    }
  }

  #refreshLogin(): void {
    const { codex, login, log } = this.#ports;
    if (codex.client === undefined) return;
    login.refresh(codex.client).catch((error) =>
      log.warn("Cannot read the account", { reason: messageOf(error) })
    );
  }

  #tell(type: EventType, data: NewEvent["data"]): void {
    this.#ports.events.append([
      { session_id: null, turn_id: null, type, data },
    ]);
  }
}

/** Puts the pieces of a message together, in case that the whole is never told. */
function addDelta(
  active: ActiveTurn,
  { itemId, text }: { readonly itemId: string; readonly text: string },
): void {
  const { partial } = active;
  if (partial?.itemId === itemId) partial.text += text;
  else active.partial = { itemId, text };
}
