import type { Clock } from "../../shared/clock.ts";
import {
  codexdStatus,
  type CodexEvent,
  eventFilter,
} from "../../shared/contracts/mod.ts";
import { AppError } from "../../shared/errors.ts";
import { Gap, writeCursor } from "../../shared/page.ts";
import type { HeldCalls } from "../record/mod.ts";
import type { Poll } from "../store/mod.ts";
import type { CodexdApi } from "./codexd_api.ts";
import { relayEvents, type RelayQuery } from "./relay_events.ts";

/** What a cursor of this list begins with. */
export const CODEX_EVENTS = "codex_events";

/** What is there already is read for no longer. */
const READ_MS = 10_000;

/**
 * Reads codexd's events as a list: at most `limit` behind `after`, oldest first,
 * or the last ones; where there are none, what comes first within `waitMs`.
 * What is wanted is chosen here, so that it is known how far was read.
 * @throws {AppError} CODEXD_UNAVAILABLE, TOO_MANY_REQUESTS
 */
export async function pollEvents(
  { api, held, clock }: PollPorts,
  query: Partial<RelayQuery>,
  { limit, waitMs, signal }: Polling,
): Promise<Poll<CodexEvent>> {
  const { events } = await api.call(codexdStatus, {}, { signal });
  const newest = events.seq;
  const { after = Math.max(0, newest - limit) } = query;
  const isWanted = eventFilter(query);
  const items: CodexEvent[] = [];
  let gap: Gap | null = null;
  // A place that was never reached is another state folder's.
  let last = Math.min(after, newest);
  const end = new AbortController();
  using stack = new DisposableStack();
  let timer = clock.after(READ_MS, () => end.abort());
  stack.defer(() => timer.cancel());
  /** Ends, or holds the answer, when all that was there is read. */
  const caughtUp = () => {
    if (waitMs === 0) return end.abort();
    stack.use(held.enter());
    timer.cancel();
    timer = clock.after(waitMs, () => end.abort());
  };
  if (last === newest) caughtUp();
  const news = relayEvents(api, { after: last }, {
    clock,
    signal: AbortSignal.any([signal, held.stopped, end.signal]),
  });
  for await (const it of news) {
    const isBehind = last < newest;
    if (it.kind === "away") {
      if (!isBehind) continue;
      const message = `Cannot read the events: ${it.reason}`;
      throw new AppError("CODEXD_UNAVAILABLE", message);
    }
    const { event } = it;
    // A gap comes first in an answer, or in the next one.
    if (event.type === "gap" && items.length > 0) break;
    last = event.seq;
    if (event.type === "gap") gap = Gap.parse(event.data);
    else if (isWanted(event)) items.push(event);
    if (items.length === limit) break;
    if (last < newest) continue;
    if (items.length > 0 || gap !== null) break;
    if (isBehind) caughtUp();
  }
  const next_cursor = last < newest ? writeCursor(CODEX_EVENTS, last) : null;
  return { items, next_cursor, last_seq: last, gap };
}

interface PollPorts {
  readonly api: Pick<CodexdApi, "call" | "openEvents">;
  readonly held: Pick<HeldCalls, "enter" | "stopped">;
  readonly clock: Clock;
}

interface Polling {
  readonly limit: number;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}
