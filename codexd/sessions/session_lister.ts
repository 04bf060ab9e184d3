import { z } from "zod";
import type { Session, SessionList } from "../../shared/contracts/mod.ts";
import {
  type PageRequest,
  readCursor,
  writeCursor,
} from "../../shared/page.ts";
import type { CodexClient } from "../app_server/mod.ts";
import type { SessionPorts } from "./session_ports.ts";
import type { SessionRecord } from "./session_index.ts";
import { createdAt, sessionView } from "./session_view.ts";

/** A place in a list that is ordered by time and then by id. */
const Key = z.tuple([z.number(), z.string()]);
type Key = z.infer<typeof Key>;

/** How far a list has come in each of its two sources. */
const Cursor = z.object({
  /** Codex's own cursor; null: its beginning. */
  codex: z.string().nullable(),
  /** Whether Codex has no more. */
  done: z.boolean(),
  /** The last of codexd's own that was given. */
  own: Key.nullable(),
});
type Cursor = z.infer<typeof Cursor>;

const SESSIONS = { list: "sessions", place: Cursor };
const START: Cursor = { codex: null, done: false, own: null };

/** Lists sessions of two sources, Codex and codexd, as one. */
export class SessionLister {
  readonly #ports: SessionPorts;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
  }

  /**
   * Lists sessions, newest first: those that Codex lists, whichever client made
   * them, and those of codexd that Codex does not list because they had no turn.
   */
  async list({ limit, cursor }: PageRequest): Promise<SessionList> {
    const from = cursor === undefined ? START : readCursor(cursor, SESSIONS);
    const client = this.#ports.codex.client;
    const page = client === undefined
      ? this.#own(from, limit, () => true)
      : await this.#merged(client, from, limit);
    return {
      count: page.sessions.length,
      next_cursor: page.next === undefined
        ? null
        : writeCursor(SESSIONS.list, page.next),
      sessions: page.sessions,
      complete: client !== undefined,
    };
  }

  async #merged(client: CodexClient, from: Cursor, limit: number) {
    const read = (limit: number) =>
      client.listThreads({ cursor: from.codex, limit });
    const codex = from.done ? { data: [] } : await read(limit);
    const listed = new Set(codex.data.map((it) => it.id));
    const own = this.#own(
      from,
      limit,
      (record) =>
        (!record.used || record.ephemeral) && !record.ended &&
        !listed.has(record.session_id),
    );
    const threads = codex.data.map((thread) => ({
      key: [createdAt({ thread }), thread.id] as Key,
      session: sessionView(this.#ports, {
        thread,
        record: this.#ports.index.get(thread.id),
      }),
    }));
    const merged = merge(threads, own.keyed, limit);
    const ownTaken = merged.filter((it) => !listed.has(it.key[1]));
    const taken = merged.length - ownTaken.length;
    // Codex's cursor leads behind a whole page; behind a part it is asked for anew.
    const { nextCursor = null } = taken === threads.length
      ? codex
      : taken === 0
      ? { nextCursor: from.codex }
      : await read(taken);
    const next: Cursor = {
      codex: nextCursor,
      done: nextCursor === null && (taken > 0 || threads.length === 0),
      own: ownTaken.at(-1)?.key ?? from.own,
    };
    const more = !next.done || ownTaken.length < own.keyed.length ||
      own.next !== undefined;
    return {
      sessions: merged.map((it) => it.session),
      next: more ? next : undefined,
    };
  }

  #own(
    from: Cursor,
    limit: number,
    wanted: (record: SessionRecord) => boolean,
  ) {
    const all = this.#ports.index.values().filter(wanted)
      .map((record) => ({
        key: [record.created_at, record.session_id] as Key,
        record,
      }))
      .filter(({ key }) => from.own === null || isBefore(from.own, key))
      .sort((a, b) => isBefore(a.key, b.key) ? -1 : 1);
    const keyed = all.slice(0, limit).map(({ key, record }) => ({
      key,
      session: sessionView(this.#ports, { record }),
    }));
    const last = keyed.at(-1);
    const more = all.length > keyed.length && last !== undefined;
    return {
      keyed,
      sessions: keyed.map((it) => it.session),
      next: more ? { ...START, own: last.key } : undefined,
    };
  }
}

interface Keyed {
  readonly key: Key;
  readonly session: Session;
}

/** The first rows of two ordered lists, in one order. */
function merge(
  a: readonly Keyed[],
  b: readonly Keyed[],
  limit: number,
): Keyed[] {
  const rows: Keyed[] = [];
  let [i, j] = [0, 0];
  while (rows.length < limit) {
    const [left, right] = [a[i], b[j]];
    if (left === undefined && right === undefined) break;
    const takeLeft = right === undefined ||
      (left !== undefined && !isBefore(right.key, left.key));
    const row = takeLeft ? a[i++] : b[j++];
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

/** Whether `a` comes before `b` when the newest comes first. */
function isBefore(a: Key, b: Key): boolean {
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
}
