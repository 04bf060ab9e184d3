import type { Clock } from "../../shared/clock.ts";
import type { CodexdApi } from "./codexd_api.ts";
import type { CodexdCondition, CodexdHealth } from "./codexd_health.ts";
import { relayEvents, type RelayNews, type RelayQuery } from "./event_relay.ts";

/** What the codex side is made of. */
export interface CodexPorts {
  readonly api: CodexdApi;
  readonly health: CodexdHealth;
  readonly clock: Clock;
}

/** The way to Codex: what routes and tasks use of it. */
export class Codex {
  readonly api: CodexdApi;
  readonly health: CodexdHealth;
  readonly #clock: Clock;

  constructor(ports: CodexPorts) {
    this.api = ports.api;
    this.health = ports.health;
    this.#clock = ports.clock;
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
