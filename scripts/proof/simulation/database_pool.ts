import {
  type BindValue,
  Database as Connection,
  type Statement,
} from "@db/sqlite";
import { openDatabase } from "../../../conductor/store/mod.ts";

/**
 * One real database in memory, for one world after the other: connections and
 * what they have prepared are kept, rows are not.
 */
export class DatabasePool implements Disposable {
  readonly #folder: string;
  readonly #path: string;
  readonly #free: PooledConnection[] = [];
  readonly #taken: PooledConnection[] = [];
  readonly #tables: readonly string[];
  /** What stands in a new database, by its table. */
  readonly #first: (readonly [string, readonly BindValue[][]])[] = [];

  /** Makes it in a folder of its own within one that is there. */
  constructor(folder = memoryFolder()) {
    this.#folder = Deno.makeTempDirSync({
      prefix: PREFIX,
      ...(folder !== undefined && { dir: folder }),
    });
    this.#path = `${this.#folder}/conductor.db`;
    openDatabase(this.#path).close();
    const own = this.take();
    this.#tables = own.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table'",
    ).values<[string]>().map(([name]) => name);
    for (const table of this.#tables) {
      const rows = own.prepare(`SELECT * FROM ${table}`).values<BindValue[]>();
      if (rows.length > 0) this.#first.push([table, rows]);
    }
  }

  /** Returns a connection until the next {@linkcode reset}. */
  take(): PooledConnection {
    const it = this.#free.pop() ?? new PooledConnection(this.#path);
    this.#taken.push(it);
    return it;
  }

  /** Makes the database a new one; nobody may use what was taken any more. */
  reset(): void {
    for (const it of this.#taken) it.rollBack();
    this.#free.push(...this.#taken.splice(0));
    const own = this.take();
    own.prepare("BEGIN IMMEDIATE").run();
    // The newest first: the checkpoint keeps nothing that has lost it.
    for (const table of this.#tables.toReversed()) {
      own.prepare(`DELETE FROM ${table}`).run();
    }
    for (const [table, rows] of this.#first) {
      // What was deleted before may have been counted here.
      own.prepare(`DELETE FROM ${table}`).run();
      for (const row of rows) {
        const values = row.map(() => "?").join();
        own.prepare(`INSERT INTO ${table} VALUES (${values})`).run(...row);
      }
    }
    own.prepare("COMMIT").run();
    this.#free.push(...this.#taken.splice(0));
  }

  [Symbol.dispose](): void {
    for (const it of [...this.#free, ...this.#taken]) it.connection.close();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** A connection that keeps what it has prepared. */
export class PooledConnection {
  readonly connection: Connection;
  readonly #statements = new Map<string, Statement>();

  constructor(path: string) {
    this.connection = new Connection(path, { int64: true, parseJson: false });
    // Whoever finds it locked is told at once: no time passes by itself.
    this.connection.exec(`
      PRAGMA busy_timeout = 0;
      PRAGMA synchronous = OFF;
      PRAGMA cache_size = -8000;
      PRAGMA temp_store = MEMORY;
    `);
  }

  prepare<T extends object = Record<string, unknown>>(
    sql: string,
  ): Statement<T> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement as Statement<T>;
  }

  rollBack(): void {
    if (this.connection.inTransaction) this.prepare("ROLLBACK").run();
  }
}

export const PREFIX = "baa-simulation-";
const MEMORY_FOLDER = "/dev/shm";

/** The folder whose files are in memory; undefined where there is none. */
export function memoryFolder(): string | undefined {
  try {
    return Deno.statSync(MEMORY_FOLDER).isDirectory ? MEMORY_FOLDER : undefined;
  } catch {
    return undefined;
  }
}
