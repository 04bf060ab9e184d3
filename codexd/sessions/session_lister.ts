import type { Session, SessionList } from "../../shared/contracts/mod.ts";
import {
  callerError,
  type CodexClient,
  type Thread,
} from "../app_server/mod.ts";
import type { SessionPorts } from "./ports.ts";
import {
  type Cursor,
  isBefore,
  type Key,
  readCursor,
  START,
  writeCursor,
} from "./session_cursor.ts";
import type { SessionRecord } from "./session_index.ts";
import { createdAt, sessionView } from "./session_view.ts";

/** A page of a list. */
export interface Page {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

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
  async list({ limit, cursor: text }: Page): Promise<SessionList> {
    const from = readCursor(text);
    const client = this.#ports.codex.client;
    const page = client === undefined
      ? this.#own(from, limit, () => true)
      : await this.#merged(client, from, limit);
    return {
      count: page.sessions.length,
      next_cursor: page.next === undefined ? null : writeCursor(page.next),
      sessions: page.sessions,
      complete: client !== undefined,
    };
  }

  async #merged(client: CodexClient, from: Cursor, limit: number) {
    try {
      const codex = from.done
        ? { data: [] }
        : await client.listThreads({ cursor: from.codex, limit });
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
      const taken = merged.filter((it) => listed.has(it.key[1])).length;
      const ownTaken = merged.filter((it) => !listed.has(it.key[1]));
      const next: Cursor = {
        ...await this.#codexNext(client, {
          from,
          taken,
          fetched: codex,
        }),
        own: ownTaken.at(-1)?.key ?? from.own,
      };
      const more = !next.done || ownTaken.length < own.keyed.length ||
        own.next !== undefined;
      return {
        sessions: merged.map((it) => it.session),
        next: more ? next : undefined,
      };
    } catch (error) {
      throw callerError(error);
    }
  }

  /** Codex's cursor behind the rows that were taken: asked for anew when it was not a whole page. */
  async #codexNext(
    client: CodexClient,
    at: {
      readonly from: Cursor;
      readonly taken: number;
      readonly fetched: {
        data: readonly Thread[];
        nextCursor?: string | null | undefined;
      };
    },
  ): Promise<{ codex: string | null; done: boolean }> {
    const { from, taken, fetched } = at;
    if (taken === fetched.data.length) {
      const codex = fetched.nextCursor ?? null;
      return { codex, done: codex === null };
    }
    if (taken === 0) return { codex: from.codex, done: false };
    const again = await client.listThreads({
      cursor: from.codex,
      limit: taken,
    });
    return { codex: again.nextCursor ?? null, done: !again.nextCursor };
  }

  #own(
    from: Cursor,
    limit: number,
    wanted: (record: SessionRecord) => boolean,
  ) {
    const all = this.#ports.index.all().filter(wanted)
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
