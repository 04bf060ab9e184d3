// The signatures of jsr:@db/sqlite@0.13.0 (Apache-2.0), as far as the product
// uses them, and never looser: what is `any` there has a type here.

/** What can be bound to a parameter. */
export type BindValue =
  | number
  | string
  | bigint
  | boolean
  | null
  | undefined
  | Uint8Array;

/** Parameters in order, or all by name without the prefix. */
export type RestBindParameters = BindValue[] | [Record<string, BindValue>];

export interface DatabaseOpenOptions {
  /** Default false. */
  readonly?: boolean;
  /** Whether to make the file when there is none. Default true. */
  create?: boolean;
  /** Without it integers are read as 32 bits wide. */
  int64?: boolean;
  /** Only false here: the runtime's driver does not tell JSON from other text. */
  parseJson?: false;
}

/** A function that runs in a transaction; see {@linkcode Database.transaction}. */
export interface Transaction<A extends unknown[], R> {
  (...args: A): R;
  /** BEGIN DEFERRED */
  deferred(...args: A): R;
  /** BEGIN IMMEDIATE */
  immediate(...args: A): R;
}

/** A connection to a SQLite database. */
export declare class Database {
  constructor(path: string, options?: DatabaseOpenOptions);
  get path(): string;
  get inTransaction(): boolean;
  /**
   * Runs a script of any number of statements, or one statement with
   * parameters. Returns the changes of the last one.
   */
  exec(sql: string, ...params: RestBindParameters): number;
  prepare<T extends object = Record<string, unknown>>(
    sql: string,
  ): Statement<T>;
  /** Makes `fn`, which must be synchronous, a transaction. */
  transaction<A extends unknown[], R>(
    fn: (...args: A) => R,
  ): Transaction<A, R>;
  /** Ends the connection and its statements; harmless when it is closed. */
  close(): void;
}

/** A prepared statement; made by {@linkcode Database.prepare}. */
export declare class Statement<
  TStatement extends object = Record<string, unknown>,
> {
  columnNames(): string[];
  /** Runs to the end and returns how many rows the last change touched. */
  run(...params: RestBindParameters): number;
  get<T extends object = TStatement>(
    ...params: RestBindParameters
  ): T | undefined;
  all<T extends object = TStatement>(...params: RestBindParameters): T[];
  /** The first row as an array. */
  value<T extends Array<unknown>>(...params: RestBindParameters): T | undefined;
  /** Every row as an array. */
  values<T extends unknown[] = unknown[]>(...params: RestBindParameters): T[];
  /** Rows one at a time; only as many are in memory as the caller keeps. */
  [Symbol.iterator](): IterableIterator<TStatement>;
}

/** A failure that SQLite reported. */
export declare class SqliteError extends Error {
  override name: string;
  /** SQLite's primary result code, e.g. 5 busy, 13 full, 19 constraint. */
  code: number;
  constructor(code?: number, message?: string);
}
