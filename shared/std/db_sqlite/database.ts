import { DatabaseSync } from "node:sqlite";
import type {
  Database as Declared,
  DatabaseOpenOptions,
  RestBindParameters,
  Transaction,
} from "./mod.d.ts";
import { SqliteError, withSqliteErrors } from "./sqlite_error.ts";
import { Statement } from "./statement.ts";

const CANTOPEN = 14;

export class Database implements Declared {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #int64: boolean;
  readonly #control = new Map<string, Statement>();
  #open = true;

  constructor(path: string, options: DatabaseOpenOptions = {}) {
    this.path = path;
    this.#int64 = options.int64 ?? false;
    if (options.create === false) mustExist(path);
    this.#db = withSqliteErrors(() =>
      new DatabaseSync(path, {
        readOnly: options.readonly ?? false,
        // The real package leaves SQLite's own default.
        enableForeignKeyConstraints: false,
      })
    );
  }

  get inTransaction(): boolean {
    return this.#open && this.#db.isTransaction;
  }

  /**
   * Runs a script of any number of statements, or one statement with
   * parameters. Returns the changes of the last one.
   */
  exec(sql: string, ...params: RestBindParameters): number {
    if (params.length > 0) return this.prepare(sql).run(...params);
    this.#db.exec(sql);
    return this.#number("SELECT changes()");
  }

  prepare<Row extends object = Record<string, unknown>>(
    sql: string,
  ): Statement<Row> {
    return new Statement<Row>(this.#db, sql, this.#int64);
  }

  /**
   * Makes `fn` a function that commits when it returns and rolls back when it
   * throws. Inside another transaction it is a savepoint of it.
   */
  transaction<A extends unknown[], R>(
    fn: (...args: A) => R,
  ): Transaction<A, R> {
    const wrap = (begin: string) => (...args: A) =>
      this.#transact(begin, () => fn(...args));
    return Object.assign(wrap("BEGIN"), {
      deferred: wrap("BEGIN DEFERRED"),
      immediate: wrap("BEGIN IMMEDIATE"),
    });
  }

  /** Ends the connection and its statements; harmless when it is closed. */
  close(): void {
    if (!this.#open) return;
    this.#db.close();
    this.#open = false;
  }

  #transact<R>(begin: string, action: () => R): R {
    const nested = this.inTransaction;
    this.#prepared(nested ? "SAVEPOINT nested" : begin).run();
    try {
      const result = action();
      this.#prepared(nested ? "RELEASE nested" : "COMMIT").run();
      return result;
    } catch (error) {
      // SQLite may have rolled back by itself, e.g. when the disk is full.
      if (this.inTransaction) {
        this.#prepared(nested ? "ROLLBACK TO nested" : "ROLLBACK").run();
        if (nested) this.#prepared("RELEASE nested").run();
      }
      throw error;
    }
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
