import { z } from "zod";
import type { SessionList } from "../../shared/contracts/mod.ts";
import {
  type PageRequest,
  readCursor,
  writeCursor,
} from "../../shared/page.ts";
import type { CodexClient } from "../app_server/mod.ts";
import type { SessionPorts } from "./session_ports.ts";
import type { SessionRecord } from "./session_index.ts";
import { createdAt, type KnownSession, sessionView } from "./session_view.ts";

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
  async list(
    { limit, cursor, archived }: PageRequest & { readonly archived: boolean },
  ): Promise<SessionList> {
    const from = cursor === undefined ? START : readCursor(cursor, SESSIONS);
    const client = this.#ports.codex.client;
    const page = client === undefined
      ? this.#own(from, limit, (it) => it.archived === archived)
      : await this.#merged(client, from, { limit, archived });
    const { rows, next } = page;
    return {
      count: rows.length,
      next_cursor: next === undefined ? null : writeCursor(SESSIONS.list, next),
      sessions: rows.map((row) => sessionView(this.#ports, row)),
      complete: client !== undefined,
    };
  }

  async #merged(
    client: CodexClient,
    from: Cursor,
    { limit, archived }: {
      readonly limit: number;
      readonly archived: boolean;
    },
  ) {
    const read = (limit: number) =>
      client.listThreads({ cursor: from.codex, limit, archived });
    const codex = from.done ? { data: [] } : await read(limit);
    const listed = new Set(codex.data.map((it) => it.id));
    const own = this.#own(
      from,
      limit,
      (record) =>
        (!record.used || record.ephemeral) && !record.ended &&
        record.archived === archived &&
        !listed.has(record.session_id),
    );
    const threads = codex.data.map((thread): Row => ({
      key: [createdAt({ thread }), thread.id],
      thread,
      record: this.#ports.index.get(thread.id),
    }));
    const rows = merge(threads, own.rows, limit);
    const ownTaken = rows.filter((it) => it.thread === undefined);
    const taken = rows.length - ownTaken.length;
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
    const more = !next.done || ownTaken.length < own.rows.length ||
      own.next !== undefined;
    return { rows, next: more ? next : undefined };
  }

  #own(
    from: Cursor,
    limit: number,
    wanted: (record: SessionRecord) => boolean,
  ) {
    const all = this.#ports.index.values().filter(wanted)
      .map((record): Row => ({
        key: [record.created_at, record.session_id],
        record,
      }))
      .filter(({ key }) => from.own === null || isBefore(from.own, key))
      .sort((a, b) => isBefore(a.key, b.key) ? -1 : 1);
    const rows = all.slice(0, limit);
    const last = rows.at(-1);
    const more = all.length > rows.length && last !== undefined;
    return { rows, next: more ? { ...START, own: last.key } : undefined };
  }
}

interface Row extends KnownSession {
  readonly key: Key;
}

/** The first rows of two ordered lists, in one order. */
function merge(a: readonly Row[], b: readonly Row[], limit: number): Row[] {
  const rows: Row[] = [];
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
