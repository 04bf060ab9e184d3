import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { EventService } from "../record/mod.ts";
import { CodexdApi } from "./codexd_api.ts";
import { type CodexdCondition, CodexdHealth } from "./codexd_health.ts";
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

  constructor(options: CodexOptions) {
    const { events, clock, log } = options;
    this.#clock = clock;
    this.api = new CodexdApi(options);
    this.health = new CodexdHealth({
      api: this.api,
      clock,
      log,
      onChange: ({ state, reason }, previous) =>
        events.record("codexd.health_changed", { state, previous, reason }),
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

  /** Follows codexd's events, across its restarts, until `signal` aborts. */
  follow(query: RelayQuery, signal: AbortSignal): AsyncGenerator<RelayNews> {
    return relayEvents(this.api, query, { clock: this.#clock, signal });
  }
}

interface CodexOptions {
  /** By which name codexd is called. */
  readonly base: URL;
  /** Its Unix socket: the only way that is taken. */
  readonly socket: string;
  /** The folder of all state, codexd's key in it. */
  readonly stateDir: string;
  readonly events: Pick<EventService, "record">;
  readonly clock: Clock;
  readonly log: Logger;
}
