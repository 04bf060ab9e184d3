import type { Clock } from "../../shared/clock.ts";
import type { Approval } from "../../shared/contracts/mod.ts";
import { AppError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import type { EventService, HeldCalls } from "../record/mod.ts";
import { CodexdApi } from "./codexd_api.ts";
import { type CodexdCondition, CodexdHealth } from "./codexd_health.ts";
import { LeftTurns, type LeftTurnsOptions } from "./left_turns.ts";
import { pollEvents } from "./poll_events.ts";
import { tellApproval } from "./tell_approval.ts";
import {
  relayEvents,
  type RelayNews,
  type RelayQuery,
} from "./relay_events.ts";

/** The way to Codex: conductor watches codexd and never starts it. */
export class Codex {
  readonly api: CodexdApi;
  readonly health: CodexdHealth;
  readonly #clock: Clock;
  readonly #held: CodexOptions["held"];

  constructor(options: CodexOptions) {
    const { events, held, clock, log, leads } = options;
    this.#clock = clock;
    this.#held = held;
    this.api = new CodexdApi(options);
    const leftTurns = new LeftTurns({ ...options, api: this.api });
    let hasLed = false;
    this.health = new CodexdHealth({
      api: this.api,
      clock,
      log,
      onChange: ({ state, reason }, previous) =>
        events.record("codexd.health_changed", { state, previous, reason }),
      onCrash() {
        const crashed = { daemon: "codexd", instance_id: null } as const;
        if (leads()) events.record("daemon.crashed", crashed);
      },
      onStatus({ sessions, approvals }, isFollowed) {
        void leftTurns.end(sessions.active_turns);
        const isTold = isFollowed && hasLed;
        hasLed = leads();
        if (!hasLed || isTold) return;
        // Some were asked while nobody followed the events, or nobody led.
        for (const it of approvals.items) {
          const { approval_id, session_id, turn_id, kind, expires_at } = it;
          const asked = { approval_id, kind, expires_at };
          events.recordAsked({ session_id, turn_id, ...asked });
        }
      },
      onApproval(event) {
        // Others on the same database hear of it, too.
        if (leads()) tellApproval(event, events);
      },
    });
  }

  /** Ends the watch, and every connection. */
  async stop(): Promise<void> {
    await this.health.stop();
    this.api[Symbol.dispose]();
  }

  /** How codexd stands, asked now. */
  async look(): Promise<CodexdCondition> {
    await this.health.ask();
    return this.health.condition;
  }

  /**
   * What waits for an answer, as soon as something does, at the latest after
   * `waitMs`.
   * @throws {AppError} CODEXD_UNAVAILABLE, TOO_MANY_REQUESTS
   */
  async approvals(
    waiting: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<readonly Approval[]> {
    await this.health.refresh();
    return await this.#held.until(() => this.#approvals(), {
      ready: (items) => items.length > 0,
      ...waiting,
    });
  }

  /** Reads codexd's events as a list. @throws {AppError} as {@linkcode pollEvents} */
  poll(
    query: Partial<RelayQuery>,
    polling: Parameters<typeof pollEvents>[2],
  ): ReturnType<typeof pollEvents> {
    const { api } = this;
    const ports = { api, held: this.#held, clock: this.#clock };
    return pollEvents(ports, query, polling);
  }

  #approvals(): readonly Approval[] {
    const { status, reason } = this.health.condition;
    if (status !== null) return status.approvals.items;
    throw new AppError("CODEXD_UNAVAILABLE", reason ?? undefined);
  }

  /** Follows codexd's events, across its restarts, until `signal` aborts. */
  follow(query: RelayQuery, signal: AbortSignal): AsyncGenerator<RelayNews> {
    return relayEvents(this.api, query, { clock: this.#clock, signal });
  }
}

interface CodexOptions extends Pick<LeftTurnsOptions, "isLeft"> {
  /** By which name codexd is called. */
  readonly base: URL;
  /** Its Unix socket: the only way that is taken. */
  readonly socket: string;
  /** The folder of all state, codexd's key in it. */
  readonly stateDir: string;
  readonly events: Pick<EventService, "record" | "recordAsked">;
  /** Whether this process is the one that records what people are asked. */
  leads(): boolean;
  readonly held: Pick<HeldCalls, "until" | "enter" | "stopped">;
  readonly clock: Clock;
  readonly log: Logger;
}
