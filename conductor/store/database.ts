import {
  type BindValue,
  Database as Connection,
  type RestBindParameters,
  type Statement,
} from "@db/sqlite";
import { messageOf } from "../../shared/errors.ts";
import { GroupCommit, type NextTurn, type Piece } from "./group_commit.ts";
import { inspectDatabase } from "./inspect_database.ts";
import { migrate } from "./migrate.ts";
import { StorageError, toStorageError } from "./storage_error.ts";

/** How long a statement may block the process while another one writes. */
const BUSY_MS = 250;
/** The same while the database is opened, when nothing waits for us yet. */
const OPENING_BUSY_MS = 5000;

/**
 * The one connection of this process to the database. What `write` returned
 * from, and what `share` resolved for, is on the disk; everything is
 * synchronous, so transactions must be short.
 */
export class Database {
  readonly path: string;
  readonly #connection: Connection;
  readonly #statements = new Map<string, Statement>();
  readonly #listeners = new Set<DatabaseListener>();
  readonly #group: GroupCommit;
  /** Which files the connection writes into: who takes them away does not stop it. */
  readonly #files: readonly string[];
  readonly #ids: (string | undefined)[];
  #damage: StorageError | undefined;

  constructor(
    path: string,
    connection: Connection,
    { nextTurn = (action) => void setImmediate(action) }: {
      readonly nextTurn?: NextTurn;
    } = {},
  ) {
    this.path = path;
    this.#files = path === ":memory:" ? [] : [path, `${path}-wal`];
    this.#ids = this.#files.map(fileId);
    this.#connection = connection;
    this.#group = new GroupCommit(connection, {
      transact: (action) => {
        if (this.#isMoved()) this.giveUp(new StorageError("moved"));
        this.#guard(() => connection.transaction(action).immediate());
        for (const listener of this.#listeners) listener.committed?.();
      },
      nextTurn,
    });
  }

  /** Why it is not used any more; undefined: it is. */
  get damage(): StorageError | undefined {
    return this.#damage;
  }

  /**
   * Reads and writes nothing from now on: what a damaged file still holds is for
   * a person to save, and a write could make it less.
   */
  giveUp(reason: StorageError): void {
    if (this.#damage !== undefined) return;
    this.#damage = reason;
    for (const listener of this.#listeners) listener.failed?.(reason);
  }

  /** Gives the connection to who saves what it still sees. */
  lend(use: (connection: Connection) => void): void {
    use(this.#connection);
  }

  /** Adds someone to be told of commits and failures. */
  listen(listener: DatabaseListener): void {
    this.#listeners.add(listener);
  }

  all<T extends Row>(sql: string, ...params: RestBindParameters): T[] {
    return this.#guard(() => this.#prepare(sql).all<T>(...params));
  }

  /** Returns the first row that `sql` gives. */
  get<T extends Row>(
    sql: string,
    ...params: RestBindParameters
  ): T | undefined {
    return this.#guard(() => this.#prepare(sql).get<T>(...params));
  }

  /** Runs one changing statement; returns how many rows it changed. */
  run(sql: string, ...params: RestBindParameters): number {
    return this.#guard(() => this.#prepare(sql).run(...params));
  }

  /** Adds a row, its columns by their names. Returns `columns` as they are now. */
  insert<T extends Row = { readonly seq: number }>(
    table: string,
    row: Row,
    columns = "seq",
  ): T {
    const sql = `INSERT INTO ${table} ${valuesOf(row)} RETURNING ${columns}`;
    return this.all<T>(sql, ...Object.values(row))[0] as T;
  }

  /** Adds a row in the place of the one that has its key. */
  replace(table: string, row: Row): void {
    const sql = `INSERT OR REPLACE INTO ${table} ${valuesOf(row)}`;
    this.run(sql, ...Object.values(row));
  }

  /**
   * Runs `action` in a transaction that no other writer can overlap, behind what
   * waits to be written, and returns once it is durable. Inside another one it
   * joins it.
   * @throws {StorageError} when the database cannot take it now.
   */
  write<T>(action: () => T): T {
    if (this.#connection.inTransaction) return action();
    let end = (): T => {
      throw new Error("Cannot write: it was not run");
    };
    this.#group.add({
      work: action,
      done: (result: T) => void (end = () => result),
      failed(error) {
        end = () => {
          throw error;
        };
      },
    });
    this.#group.flush();
    return end();
  }

  /**
   * Runs `action` in one transaction with whatever else comes in this turn of
   * the event loop; resolves once it is durable. It fails alone.
   * @throws {StorageError} when the database cannot take it now.
   */
  share<T>(action: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#group.add({ work: action, done: resolve, failed: reject });
      this.#group.hurry();
    });
  }

  /** Adds work to the next transaction, whoever asks for that. */
  add(piece: Piece): void {
    this.#group.add(piece);
  }

  /** Has what was added written with whatever else comes in this turn. */
  hurry(): void {
    this.#group.hurry();
  }

  /** Writes what was added, now: who reads next finds it. */
  flush(): void {
    this.#group.flush();
  }

  /**
   * Gives some of the pages that deletes have freed back to the disk, a few
   * milliseconds' worth. Returns whether more than an eighth of all is free.
   */
  giveBack(): boolean {
    const before = this.#pages();
    if (before.free <= before.all / 8) return false;
    this.write(() => {
      // What one page takes grows with the list of free ones.
      const end = performance.now() + STEP_MS;
      for (let step = 0; step < STEPS && performance.now() < end; step++) {
        this.all("PRAGMA incremental_vacuum(8)");
      }
    });
    const { free, all } = this.#pages();
    // The file is cut when the log has been copied into it.
    if (free <= all / 8) this.all("PRAGMA wal_checkpoint(TRUNCATE)");
    return free > all / 8 && free < before.free;
  }

  #pages(): { readonly all: number; readonly free: number } {
    return {
      all: this.get<{ page_count: number }>("PRAGMA page_count")
        ?.page_count ?? 0,
      free: this.get<{ freelist_count: number }>("PRAGMA freelist_count")
        ?.freelist_count ?? 0,
    };
  }

  close(): void {
    this.flush();
    // Closing a WAL copies it into the file: not into a damaged one.
    if (this.#damage === undefined) this.#connection.close();
  }

  #isMoved(): boolean {
    return this.#files.some((path, index) => {
      const id = fileId(path);
      return id !== (this.#ids[index] ??= id);
    });
  }

  #guard<T>(action: () => T): T {
    if (this.#damage !== undefined) throw this.#damage;
    try {
      return action();
    } catch (thrown) {
      const error = toStorageError(thrown);
      if (error instanceof StorageError && error !== thrown) {
        if (error.trouble === "damaged") this.giveUp(error);
        else for (const listener of this.#listeners) listener.failed?.(error);
      }
      throw error;
    }
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** A row as it is read: integers, reals, texts, blobs and nulls. */
export type Row = Readonly<Record<string, BindValue>>;

/** Who wants to know what becomes of the transactions. */
interface DatabaseListener {
  committed?(): void;
  /** A read or write failed for a reason that lies in the disk or the file. */
  failed?(error: StorageError): void;
}

/** How much is given back at once: steps of 8 pages, of 4 KiB each. */
const STEPS = 32;
const STEP_MS = 20;
/** What is copied in memory when an older database is made able to shrink. */
const MAX_REBUILT_PAGES = 16_384;

/**
 * Opens the database at `path`, making it when there is none, and brings its
 * schema up to date.
 * @throws {StorageError} when it is damaged, no database of ours, from a newer
 * version, or not there though it must be
 */
export function openDatabase(
  path: string,
  { mustExist = false }: { readonly mustExist?: boolean } = {},
): Database {
  const open = () => openOnce(path, mustExist);
  try {
    try {
      return open();
    } catch (error) {
      const known = toStorageError(error);
      const isUnusable = known instanceof StorageError &&
        known.trouble === "unusable";
      if (!isUnusable) throw error;
      // What a disk refused once it may grant now; if not, a person has to look.
      return open();
    }
  } catch (error) {
    throw cannotOpen(path, error);
  }
}

/** @throws whatever says why it cannot be used. */
function openOnce(path: string, mustExist: boolean): Database {
  let connection: Connection | undefined;
  try {
    if (path !== ":memory:") inspectFirst(path, mustExist);
    connection = new Connection(path, { int64: true, parseJson: false });
    // Who comes first may be making it.
    connection.exec(`PRAGMA busy_timeout = ${OPENING_BUSY_MS}`);
    // An empty file has nothing to lose while it is made ours: eight syncs less.
    if (pragma(connection, "page_count") === 0) {
      connection.exec("PRAGMA journal_mode = MEMORY");
    }
    connection.exec(`
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA fullfsync = ON;
      PRAGMA checkpoint_fullfsync = ON;
      PRAGMA journal_size_limit = 67108864;
      PRAGMA cache_size = -8000;
      PRAGMA temp_store = MEMORY;
      PRAGMA secure_delete = ON;
    `);
    migrate(connection);
    makeShrinkable(connection);
    connection.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  } catch (error) {
    connection?.close();
    throw error;
  }
  return new Database(path, connection);
}

/**
 * Before SQLite may write: it takes an empty file for a new database, deletes the
 * log that stands beside it, and adds its tables to those of another program.
 */
function inspectFirst(path: string, mustExist: boolean): void {
  const size = sizeOf(path);
  if (size) inspectDatabase(path);
  else if (mustExist || sizeOf(`${path}-wal`)) {
    const what = size === undefined ? "not there" : "empty";
    throw new Error(`it is ${what}, though this node had one`);
  }
  try {
    // SQLite gives its other files the mode of the first one.
    Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
  } catch (cause) {
    const { code } = cause as { readonly code?: string };
    if (code === "ENOSPC") throw new StorageError("full", cause);
    if (code === "EIO") {
      throw new StorageError("unusable", cause, { message: messageOf(cause) });
    }
    throw new Error(
      `it is read-only (${messageOf(cause)}): make it writable and start ` +
        "conductor again; nothing is wrong with what is in it",
      { cause },
    );
  }
}

function sizeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What may pass by itself is no damage. */
function cannotOpen(path: string, cause: unknown): StorageError {
  const known = toStorageError(cause);
  if (known instanceof StorageError && known.trouble !== "damaged") {
    if (known.trouble !== "unusable") return known;
  }
  return new StorageError("damaged", cause, {
    message: `Cannot use the database "${path}": ${messageOf(cause)}`,
  });
}

/** Undefined for a file that is not there, or not where it was. */
function fileId(path: string): string | undefined {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function valuesOf(row: Row): string {
  const columns = Object.keys(row);
  return `(${columns.join()}) VALUES (?${", ?".repeat(columns.length - 1)})`;
}

/**
 * A database that an older program made can shrink only once it was rebuilt: a
 * second or so, so a large one is left until retention has made it smaller.
 */
function makeShrinkable(connection: Connection): void {
  const used = pragma(connection, "page_count") -
    pragma(connection, "freelist_count");
  const canShrink = pragma(connection, "auto_vacuum") !== 0;
  if (canShrink || used > MAX_REBUILT_PAGES) return;
  try {
    connection.exec("VACUUM");
  } catch {
    // In use, or no room: it works as it is, and the next start tries again.
  }
}

function pragma(connection: Connection, name: string): number {
  return connection.prepare(`PRAGMA ${name}`).value<[number]>()?.[0] ?? 0;
}
