import { type Clock, sleep } from "../../shared/clock.ts";
import type { CodexEvent } from "../../shared/contracts/codexd_events.ts";
import type { CodexdApi } from "./codexd_api.ts";
import { EventSocket } from "./event_socket.ts";

/** What a follower of codexd's events is given. */
export type RelayNews =
  | { readonly kind: "event"; readonly event: CodexEvent }
  /** The connection is gone; it is made again, and nothing is missed. */
  | { readonly kind: "away"; readonly reason: string };

/** Where to begin, and what to leave out. */
export interface RelayQuery {
  readonly after: number;
  readonly sessionId: string | undefined;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;

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
  const { sessionId } = query;
  let { after } = query;
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const socket = new EventSocket(
      api.openEvents({ after, session_id: sessionId }),
    );
    const close = () => socket.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      while (!signal.aborted) {
        const item = await socket.next();
        if (signal.aborted) return;
        if (item.kind === "end") {
          yield { kind: "away", reason: item.reason };
          break;
        }
        after = item.event.seq;
        pause = FIRST_PAUSE_MS;
        yield item;
      }
    } finally {
      signal.removeEventListener("abort", close);
      socket.close();
    }
    await sleep(clock, pause, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}
