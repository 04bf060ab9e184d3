import { isoTime } from "../../shared/clock.ts";
import type {
  AppServerStatus,
  CodexEventType,
  LastExit,
  Turn,
  TurnStatus,
} from "../../shared/contracts/mod.ts";
import { messageOf } from "../../shared/errors.ts";
import {
  type Approvals,
  type AppServerEvents,
  type AppServerHost,
  type CodexClient,
  isRefusal,
  type Login,
  type Offer,
} from "../app_server/mod.ts";
import type { RpcConnection, RpcNotification, RpcRequest } from "../rpc/mod.ts";
import type { CutTurns } from "./cut_turns.ts";
import type { NewEvent } from "./event_line.ts";
import { type NotificationPorts, understand } from "./notifications.ts";
import type { SessionPorts } from "./session_ports.ts";
import type { TokenCounter } from "./token_counter.ts";
import type { TurnService } from "./turn_service.ts";
import type { ActiveTurn } from "./turns.ts";

/** Ends that Codex's own history does not tell, or not all of it. */
const CUT: ReadonlySet<TurnStatus> = new Set([
  "interrupted",
  "interrupted_by_restart",
]);

/** Hears what the app-server tells: keeps codexd's picture of it, and passes it on. */
export class AppServerListener implements AppServerEvents {
  readonly #ports: ListenerPorts;
  readonly #changes: NotificationPorts;

  constructor(ports: ListenerPorts) {
    this.#ports = ports;
    this.#changes = {
      ...ports,
      turnStarted: (...started) => this.#started(...started),
      tokensTold: (turn, usage) => {
        if (!ports.tokens.told(turn, usage) || turn.reason !== null) return;
        turn.reason = "BUDGET_EXCEEDED";
        turn.interruptWanted = true;
        if (turn.announced) void ports.turnService.tryInterrupt(turn);
      },
      turnCompleted: (sessionId, { turn, message }) =>
        this.#completed(sessionId, turn, message),
      accountChanged: () => this.#refreshLogin(),
      limitsTold: (limits) => ports.offer.limitsTold(limits),
    };
  }

  onNotifications(notifications: readonly RpcNotification[]): void {
    // Who waits for the end of a turn goes on after this has returned: the
    // event is in the log by then.
    this.#ports.events.append(notifications.map((it) => this.#hear(it)));
  }

  onRequest(request: RpcRequest, rpc: Pick<RpcConnection, "answer">): void {
    this.#ports.approvals.ask(request, rpc);
  }

  async onReady(client: CodexClient, codexHome?: string): Promise<void> {
    const { login, log, offer } = this.#ports;
    try {
      await login.refresh(client, codexHome);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // Then a turn will tell.
      log.warn("Cannot read the account", { reason: messageOf(error) });
    }
    offer.refresh(client, login.account.auth_mode).catch((error) =>
      log.debug("Cannot read what Codex offers", { reason: messageOf(error) })
    );
  }

  onGone(reason: string): void {
    const { turns, approvals, loader, login } = this.#ports;
    this.#ports.events.append(turns.active.map((active) =>
      this.#completed(
        active.sessionId,
        turns.endedByRestart(active, reason),
      )
    ));
    approvals.dropAll();
    loader.forgetAll();
    login.forget();
    this.#endEphemeral();
  }

  onOutdated(reason: string): void {
    this.#tell("app_server.outdated", { reason });
  }

  onExit(exit: LastExit): void {
    this.#tell("app_server.exited", { ...exit });
  }

  onState(status: AppServerStatus, reason: string | null): void {
    const { state, pid, version, restarts, fault } = status;
    const fix = fault?.fix ?? null;
    const data = { state, pid, version, restarts, reason, fix };
    this.#tell("app_server.state", data);
  }

  /** Ends what an earlier codexd left behind when it was killed. */
  recover(): void {
    this.#ports.approvals.recover();
    for (const { session_id, running_turn } of this.#ports.index.values()) {
      if (running_turn === null) continue;
      this.#ports.events.append([
        this.#completed(session_id, {
          turn_id: running_turn.turn_id,
          status: "interrupted_by_restart",
          reason: null,
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
    const { turns, clock, log } = this.#ports;
    const { event, note } = understand(notification);
    const active = turns.activeIn(event.session_id ?? "");
    if (active !== undefined) active.heardAt = clock.monotonic();
    try {
      // A review can be interrupted when the turn within it runs, not before.
      const isReview = active?.plan.isReview && active.innerId === undefined;
      if (active?.turnId === event.turn_id && !isReview) {
        this.#announced(active);
      }
      return note?.(this.#changes) ?? event;
    } catch (error) {
      const { method } = notification;
      log.error("Cannot take note of a notification", { method, error });
      return event;
    }
  }

  #started(
    sessionId: string,
    { turn_id }: Turn,
    within: string | undefined,
  ): void {
    const { turns, index } = this.#ports;
    const isInner = within !== undefined && within !== turn_id &&
      turns.isReview(sessionId, within);
    const active = turns.begin(sessionId, isInner ? within : turn_id);
    if (isInner) active.innerId = turn_id;
    index.turnStarted(active);
    this.#announced(active);
  }

  /** From now on the turn can be interrupted; perhaps that is wanted already. */
  #announced(active: ActiveTurn): void {
    if (active.announced) return;
    active.announced = true;
    const { turnService } = this.#ports;
    if (active.interruptWanted) void turnService.tryInterrupt(active);
  }

  #completed(sessionId: string, told: Turn, message?: string): NewEvent {
    const { turns, index, codex, log, cut, tokens, login, host } = this.#ports;
    const running = turns.activeIn(sessionId);
    const active = running?.turnId === told.turn_id ? running : undefined;
    const turn = withReason(told, active);
    if (active !== undefined) {
      // Of a failed turn a message that was cut is told by nobody.
      const cut = turn.status === "failed" ? undefined : active.partial?.text;
      active.finalMessage = message ?? cut ?? active.finalMessage;
    }
    if (CUT.has(turn.status)) {
      const { itemId: item_id, text } = active?.partial ?? {};
      const message = item_id === undefined || !text ? null : { item_id, text };
      const { status, reason } = turn;
      cut.set(turn.turn_id, { status, reason, message });
    }
    if (turn.status === "completed" || turn.status === "failed") {
      login.turnEnded(loginFailure(turn));
    }
    const finished = turns.finish(sessionId, turn);
    // Now it may be started anew, if that was waited for.
    host.look().catch((error) =>
      log.debug("Cannot look at the login", { reason: messageOf(error) })
    );
    const used = tokens.after(turn.turn_id);
    index.turnEnded(sessionId, turn.turn_id, used);
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
        reason: turn.reason,
        error: turn.error,
        final_message: finished.finalMessage,
        usage: finished.usage,
      },
    };
  }

  #endEphemeral(): void {
    const { index } = this.#ports;
    for (const { session_id, ephemeral, ended } of index.values()) {
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

  #tell(type: CodexEventType, data: NewEvent["data"]): void {
    this.#ports.events.append([
      { session_id: null, turn_id: null, type, data },
    ]);
  }
}

/** What a turn was told of its login, if it failed for it. */
function loginFailure({ error }: Turn): string | undefined {
  const info = JSON.stringify(error?.info ?? null);
  const isRefused = info === '"unauthorized"' ||
    /"http_status_code":401\b/.test(info);
  return isRefused ? error?.message : undefined;
}

/** A turn over its budget has not run as it was asked to, even when it was done. */
function withReason(turn: Turn, active: ActiveTurn | undefined): Turn {
  const { reason = null, plan, usage } = active ?? {};
  if (reason === null || turn.status === "failed") return turn;
  const { total_tokens } = usage?.turn ?? {};
  const message =
    `It used ${total_tokens} tokens; max_total_tokens is ${plan?.maxTotalTokens}`;
  const status = turn.status === "completed" ? "interrupted" : turn.status;
  return { ...turn, status, reason, error: turn.error ?? { message } };
}

interface ListenerPorts extends SessionPorts {
  readonly cut: CutTurns;
  readonly host: Pick<AppServerHost, "look">;
  readonly offer: Offer;
  readonly tokens: TokenCounter;
  readonly approvals: Approvals;
  readonly login: Login;
  readonly turnService: Pick<TurnService, "tryInterrupt">;
}
