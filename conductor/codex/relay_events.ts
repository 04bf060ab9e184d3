import type { Clock } from "../../shared/clock.ts";
import type { CodexEvent } from "../../shared/contracts/mod.ts";
import { backoffMs, sleep } from "../../shared/wait.ts";
import type { CodexdApi } from "./codexd_api.ts";
import { EventSocket } from "./event_socket.ts";

const PAUSES = { firstMs: 200, longestMs: 5000 };

/**
 * Follows codexd's events until `signal` aborts, across restarts of codexd: a
 * lost connection is made again behind the last event that was given.
 */
export async function* relayEvents(
  api: Pick<CodexdApi, "openEvents">,
  query: RelayQuery,
  ports: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<RelayNews> {
  const { clock, signal } = ports;
  let { after } = query;
  let failures = 0;
  while (!signal.aborted) {
    const from = { ...query, after };
    const socket = new EventSocket(() => api.openEvents(from));
    const close = () => socket.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      for await (const event of socket) {
        if (signal.aborted) return;
        after = event.seq;
        failures = 0;
        yield { kind: "event", event };
      }
      if (signal.aborted) return;
      yield { kind: "away", reason: socket.endReason };
    } finally {
      signal.removeEventListener("abort", close);
      socket.close();
    }
    await sleep(clock, backoffMs(++failures, PAUSES), signal);
  }
}

/** What a follower of codexd's events is given. */
export type RelayNews =
  | { readonly kind: "event"; readonly event: CodexEvent }
  /** The connection is gone; it is made again, and nothing is missed. */
  | { readonly kind: "away"; readonly reason: string };

/** Where to begin, and what to leave out. */
export interface RelayQuery {
  readonly after: number;
  readonly session_id?: string | undefined;
  /** With commas between. */
  readonly types?: string | undefined;
}
