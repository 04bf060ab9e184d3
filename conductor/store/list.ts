import type { Database, Row } from "./database.ts";
import {
  type Page,
  pageOf,
  type PageRequest,
  readCursor,
} from "./model/page.ts";

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
  { name, columns, table, indexes, toItem }: List<R, T>,
  { filter = {}, limit, cursor }: PageRequest & {
    readonly filter?: Readonly<Record<string, string | undefined>>;
  },
): Page<T> {
  const it = table.slice(-1);
  const set = Object.entries(filter).filter(([, value]) => value !== undefined);
  const names = set.map(([column]) => column);
  const rows = db.all<R>(
    `SELECT ${columns} FROM ${table} ${indexes[names.join()] ?? ""}
     WHERE ${names.map((column) => `${it}.${column} = ? AND `).join("")}
       ${it}.seq < ?
     ORDER BY ${it}.seq DESC LIMIT ?`,
    ...set.map(([, value]) => value),
    cursor === undefined ? Number.MAX_SAFE_INTEGER : readCursor(name, cursor),
    limit + 1,
  );
  return pageOf(name, rows, { limit, toItem });
}
