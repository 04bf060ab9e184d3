import type { Redactor } from "../../shared/redact.ts";
import { isoTime } from "../../shared/clock.ts";
import type {
  AppendedEvent,
  EventData,
  EventType,
  StoredEvent,
} from "./model/event.ts";
import type { Database } from "./database.ts";
import { placeOf, type Poll, pollOf } from "./list.ts";

const LIST = "events";

/** What has happened, in order. Sequence numbers are never used twice. */
export class EventStore {
  readonly #db: Database;
  readonly #redactor: Redactor;
  readonly #listeners = new Set<EventListener>();

  constructor(db: Database, redactor: Redactor) {
    this.#db = db;
    this.#redactor = redactor;
  }

  /** Has what is made of events written in the transaction that appends them. */
  listen(listener: EventListener): void {
    this.#listeners.add(listener);
  }

  append<T extends EventType>(type: T, data: EventData<T>, at: number): void {
    const shown = this.#redactor.json(data);
    this.#db.run(
      "INSERT INTO events (type, at, data) VALUES (?, ?, ?)",
      type,
      at,
      JSON.stringify(shown),
    );
    for (const tell of this.#listeners) {
      tell({ type, data: shown } as unknown as AppendedEvent, at);
    }
  }

  /** Whether it is told that Codex asks for this approval. */
  hasAsked(approvalId: string): boolean {
    return this.#db.get(
      `SELECT seq FROM events INDEXED BY events_asked
       WHERE type = 'codex.approval_requested'
         AND json_extract(data, '$.approval_id') = ? LIMIT 1`,
      approvalId,
    ) !== undefined;
  }

  /** At most `limit` events after `seq`, oldest first. */
  after(seq: number, limit: number): Poll<StoredEvent> {
    const bounds = this.bounds();
    // A place that was never reached is another database's: a backup came back.
    const after = Math.min(seq, bounds.last);
    const rows = this.#db.all<EventRow>(
      "SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?",
      after,
      limit + 1,
    );
    return pollOf(LIST, rows, { ...bounds, after, limit, toItem: toEvent });
  }

  /**
   * Returns the number of the event after which a cursor goes on.
   * @throws {AppError} `INVALID_INPUT`
   */
  placeOf(cursor: string): number {
    return placeOf(LIST, cursor);
  }

  /**
   * With nothing kept, `first` is one past `last`, which is then the last number
   * that was ever given.
   */
  bounds(): EventBounds {
    const row = this.#db.get<{ first: number | null; last: number | null }>(
      `SELECT (SELECT min(seq) FROM events) AS first,
         (SELECT seq FROM sqlite_sequence WHERE name = 'events') AS last`,
    );
    const last = row?.last ?? 0;
    return { first: row?.first ?? last + 1, last };
  }

  /**
   * Removes at most `limit` events from the old end: those older than `before`
   * or more than `keep` behind the newest. Never leaves a hole. Returns how
   * many went.
   */
  trim(options: TrimLimits): number {
    const { first, last } = this.bounds();
    const end = Math.min(first + options.limit, last + 1);
    const young = this.#db.get<{ seq: number | null }>(
      `SELECT min(seq) AS seq FROM events
       WHERE seq >= ? AND seq < ? AND at BETWEEN ? AND ?`,
      first,
      end,
      options.before,
      options.until,
    )?.seq ?? end;
    const cut = Math.min(end, Math.max(young, last - options.keep + 1));
    return this.#db.run("DELETE FROM events WHERE seq < ?", cut);
  }
}

function toEvent({ at, data, ...row }: EventRow): StoredEvent {
  return { ...row, at: isoTime(at), data: JSON.parse(data) };
}

/** Given each event, without its secrets, inside its transaction. */
type EventListener = (event: AppendedEvent, at: number) => void;

type EventRow = {
  readonly seq: number;
  readonly type: string;
  readonly at: number;
  readonly data: string;
};

/** The sequence numbers of the oldest and the newest event that are kept. */
interface EventBounds {
  readonly first: number;
  readonly last: number;
}

/** What goes from the old end of a table, and what stays. */
export interface TrimLimits {
  /** Milliseconds since the epoch: what is older goes. */
  readonly before: number;
  /** What is later comes from a clock that was wrong, and keeps nothing behind it. */
  readonly until: number;
  /** How many of the newest may stay. */
  readonly keep: number;
  /** How many go at once. */
  readonly limit: number;
}
