import { z } from "zod";
import {
  type Gap,
  type PageRequest,
  readCursor,
  writeCursor,
} from "../../shared/page.ts";
import type { Database, Row } from "./database.ts";

/** A list that is walked by `seq`, newest first. */
export interface List<R extends Row, T> {
  /** What its cursors are of. */
  readonly name: string;
  readonly columns: string;
  /** The table that is walked, then a blank and the letter that stands for it. */
  readonly table: string;
  /** Index hints and joins, by the names of the filters that are set. */
  readonly indexes: Readonly<Record<string, string>>;
  readonly toItem: (row: R) => T;
}

/** Returns a page of the rows whose columns are as `filter` says. */
export function readPage<R extends Row & { readonly seq: number }, T>(
  db: Database,
  list: List<R, T>,
  { limit, cursor, filter = {} }: PageRequest & { readonly filter?: Filter },
): Page<T> {
  const below = cursor === undefined ? undefined : placeOf(list.name, cursor);
  const rows = readRows(db, list, { filter, below, limit: limit + 1 });
  return pageOf(list.name, rows, { limit, toItem: list.toItem });
}

/** What rows must be equal to; undefined: anything. */
type Filter = Readonly<Record<string, string | undefined>>;

/** Returns rows with numbers between `above` and `below`: newest first, or oldest. */
export function readRows<R extends Row & { readonly seq: number }, T>(
  db: Database,
  { columns, table, indexes }: List<R, T>,
  { filter, above = 0, below = Number.MAX_SAFE_INTEGER, ...range }: {
    readonly filter: Filter;
    readonly above?: number | undefined;
    readonly below?: number | undefined;
    readonly limit: number;
    readonly isOldestFirst?: boolean;
  },
): R[] {
  const it = table.slice(-1);
  const set = Object.entries(filter).filter(([, value]) => value !== undefined);
  const names = set.map(([column]) => column);
  return db.all<R>(
    `SELECT ${columns} FROM ${table} ${indexes[names.join()] ?? ""}
     WHERE ${names.map((column) => `${it}.${column} = ? AND `).join("")}
       ${it}.seq > ? AND ${it}.seq < ?
     ORDER BY ${it}.seq ${range.isOldestFirst ? "ASC" : "DESC"} LIMIT ?`,
    ...set.map(([, value]) => value),
    above,
    below,
    range.limit,
  );
}

/** A part of a list, and the cursor of what follows it. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

/**
 * Makes a page of rows in the list's order, of which one more was asked for
 * than the page holds: its presence says that there is a next page.
 */
export function pageOf<Row extends { readonly seq: number }, T>(
  name: string,
  rows: readonly Row[],
  options: { readonly limit: number; readonly toItem: (row: Row) => T },
): Page<T> {
  const kept = rows.slice(0, options.limit);
  const last = kept.at(-1);
  const more = rows.length > options.limit && last !== undefined;
  return {
    items: kept.map(options.toItem),
    next_cursor: more ? writeCursor(name, last.seq) : null,
  };
}

/** What a reader of something that grows is given. */
export interface Poll<T> extends Page<T> {
  /** Of the last item; with none, the place that was reached. */
  readonly last_seq: number;
  /** What retention has removed from what was asked for. */
  readonly gap: Gap | null;
}

/**
 * Makes a poll of rows behind `after`, oldest first, of which one more was asked
 * for than it holds. `first` and `last` are the numbers of the oldest row that
 * is kept and of the newest that was ever written, read before the rows.
 */
export function pollOf<Row extends { readonly seq: number }, T>(
  name: string,
  rows: readonly Row[],
  { after, first, last, ...options }: {
    readonly after: number;
    readonly first: number;
    readonly last: number;
    readonly limit: number;
    readonly toItem: (row: Row) => T;
  },
): Poll<T> {
  return {
    ...pageOf(name, rows, options),
    last_seq: rows.slice(0, options.limit).at(-1)?.seq ?? last,
    gap: after + 1 < first ? { from_seq: after + 1, to_seq: first - 1 } : null,
  };
}

/**
 * Returns the sequence number behind which the list `name` goes on.
 * @throws {AppError} `INVALID_INPUT`
 */
export function placeOf(name: string, cursor: string): number {
  return readCursor(cursor, { list: name, place: z.int().min(0) });
}
