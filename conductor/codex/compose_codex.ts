import type { Clock } from "../../shared/clock.ts";
import { ApiClient } from "../../shared/http/mod.ts";
import type { Logger } from "../../shared/log.ts";
import { Codex } from "./codex.ts";
import { CodexdApi } from "./codexd_api.ts";
import { CodexdHealth } from "./codexd_health.ts";
import type { EventService } from "../record/mod.ts";

/** What the codex side is composed of. */
export interface CodexdOptions {
  /** Where codexd is. */
  readonly base: URL;
  readonly token: string | undefined;
  readonly events: Pick<EventService, "record">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Wires the way to codexd; conductor watches it and never starts it. */
export function composeCodexd(options: CodexdOptions): Codex {
  const { base, token, events, clock, log } = options;
  const client = new ApiClient({
    base,
    token,
    unreachable: "CODEXD_UNAVAILABLE",
    clock,
  });
  const api = new CodexdApi(client, { base, token });
  const health = new CodexdHealth({
    api,
    clock,
    log,
    onChange: ({ state, reason }, previous) =>
      events.record("codexd.health_changed", { state, previous, reason }),
  });
  return new Codex({ api, health, clock });
}
