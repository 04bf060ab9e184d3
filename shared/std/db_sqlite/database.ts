import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { SqliteError, withSqliteErrors } from "./sqlite_error.ts";
import { type RestBindParameters, Statement } from "./statement.ts";
import { type Transaction, transactionOf } from "./transaction.ts";

const CANTOPEN = 14;

export interface DatabaseOpenOptions {
  /** Default false. */
  readonly readonly?: boolean;
  /** Whether to make the file when there is none. Default true. */
  readonly create?: boolean;
  readonly memory?: boolean;
  /** Without it integers are read as 32 bits wide, as in the real package. */
  readonly int64?: boolean;
  /** Has no effect here. */
  readonly unsafeConcurrency?: boolean;
  /** Only false: the runtime's driver does not tell JSON from other text. */
  readonly parseJson?: false;
}

/** A connection to a SQLite database. */
export class Database {
  readonly path: string;
  readonly int64: boolean;
  readonly #db: DatabaseSync;
  readonly #control = new Map<string, Statement>();
  #open = true;

  constructor(path: string | URL, options: DatabaseOpenOptions = {}) {
    this.path = path instanceof URL ? fileURLToPath(path) : path;
    this.int64 = options.int64 ?? false;
    const location = options.memory ? ":memory:" : this.path;
    const readOnly = options.readonly ?? false;
    if (options.create === false && location !== ":memory:") {
      mustExist(location);
    }
    this.#db = withSqliteErrors(() =>
      new DatabaseSync(location, {
        readOnly,
        // The real package leaves SQLite's own default.
        enableForeignKeyConstraints: false,
      })
    );
  }

  get open(): boolean {
    return this.#open;
  }

  get autocommit(): boolean {
    return !this.#db.isTransaction;
  }

  get inTransaction(): boolean {
    return this.#open && this.#db.isTransaction;
  }

  /** Rows changed by the last statement that changed any. */
  get changes(): number {
    return this.#number("SELECT changes()");
  }

  /** Rows changed since the connection was opened. */
  get totalChanges(): number {
    return this.#number("SELECT total_changes()");
  }

  get lastInsertRowId(): number {
    return this.#number("SELECT last_insert_rowid()");
  }

  /**
   * Runs a script of any number of statements, or one statement with
   * parameters. Returns the changes of the last one.
   */
  exec(sql: string, ...params: RestBindParameters): number {
    if (params.length > 0) return this.prepare(sql).run(...params);
    this.#db.exec(sql);
    return this.changes;
  }

  /** The same as {@linkcode exec}. */
  run(sql: string, ...params: RestBindParameters): number {
    return this.exec(sql, ...params);
  }

  prepare<Row extends object = Record<string, unknown>>(
    sql: string,
  ): Statement<Row> {
    return new Statement<Row>(this.#db, sql, this.int64);
  }

  /** Runs a tagged template, its values bound as parameters; returns all rows. */
  sql<Row extends object = Record<string, unknown>>(
    strings: TemplateStringsArray,
    ...params: RestBindParameters
  ): Row[] {
    return this.prepare<Row>(strings.join("?")).all(...params);
  }

  /** Makes `fn`, which must be synchronous, a transaction. */
  transaction<A extends unknown[], R>(
    fn: (...args: A) => R,
  ): Transaction<A, R, Database> {
    return transactionOf(this, (sql) => this.#prepared(sql).run(), fn);
  }

  /** Ends the connection and its statements; harmless when it is closed. */
  close(): void {
    if (!this.#open) return;
    this.#db.close();
    this.#open = false;
  }

  #number(sql: string): number {
    return Number(this.#prepared(sql).value()?.[0]);
  }

  #prepared(sql: string): Statement {
    let statement = this.#control.get(sql);
    if (statement === undefined) {
      statement = this.prepare(sql);
      this.#control.set(sql, statement);
    }
    return statement;
  }
}

function mustExist(path: string): void {
  try {
    Deno.statSync(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new SqliteError(CANTOPEN, "unable to open database file", { cause });
  }
}
