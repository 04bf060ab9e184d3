import { type BindValue, Database as Connection } from "@db/sqlite";
import { exists } from "@std/fs";
import { StorageError } from "../store/mod.ts";
import { type AuditVerdict, AuditVerifier } from "./audit_verify.ts";

const ROWS_A_STEP = 500;

/**
 * Writes a consistent copy of a database that may be in use: all of it as it
 * was at one moment. The copy is a single file, compact, and appears under its
 * name only when it is complete, whole and on the disk.
 * @returns what following the audit trail in the copy found
 * @throws {StorageError} when the database cannot be read
 */
export async function backupDatabase(
  options: BackupOptions,
): Promise<AuditVerdict> {
  const { to } = options;
  const { from, pause } = options;
  const partial = `${typeof to === "string" ? to : to(true)}.partial`;
  makePrivateFile(partial);
  try {
    const source = new Connection(from, {
      readonly: true,
      int64: true,
      parseJson: false,
    });
    try {
      source.exec("PRAGMA busy_timeout = 5000");
      for (const _ of copy(source, partial)) await pause();
    } finally {
      source.close();
    }
    using file = await Deno.open(partial, { read: true, write: true });
    await file.sync();
    await checkCopy(partial, pause);
    const remembered = () => [];
    const verdict = await new AuditVerifier({
      path: partial,
      remembered,
      pause,
    })
      .verify();
    const path = typeof to === "string" ? to : to(verdict.ok);
    if (await exists(path)) {
      throw new Error(`Cannot back up to "${path}": it exists`);
    }
    await Deno.rename(partial, path);
    return verdict;
  } catch (error) {
    await Deno.remove(partial).catch(() => {});
    throw error;
  }
}

type SchemaRow = {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
};

interface BackupOptions {
  /** The database; it may be in use. */
  readonly from: string;
  /** A file that does not exist yet; or its name by whether the audit trail in it is whole. */
  readonly to: string | ((verified: boolean) => string);
  /** Awaited between small steps, so that others have their turn. */
  readonly pause: () => Promise<void>;
}

/** Copies at once all that `source` sees, whatever became of its files. */
export function rescueDatabase(source: Connection, to: string): void {
  const partial = `${to}.partial`;
  makePrivateFile(partial);
  try {
    const steps = copy(source, partial);
    while (!steps.next().done);
    using file = Deno.openSync(partial, { write: true });
    file.syncSync();
    Deno.renameSync(partial, to);
  } catch (error) {
    Deno.removeSync(partial);
    throw error;
  }
}

/** SQLite gives its other files the mode of the first one. */
function makePrivateFile(path: string): void {
  Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
}

/** Copies what `source` sees at its first step; yields where others may have their turn. */
function* copy(source: Connection, partial: string): Generator<void> {
  const target = new Connection(partial, { int64: true, parseJson: false });
  try {
    // What was begun by a read sees the database of that moment until its end.
    source.exec("BEGIN");
    const schema = source.prepare<SchemaRow>(
      `SELECT type, name, sql FROM sqlite_schema
       WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid`,
    ).all();
    target.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = OFF;
      PRAGMA synchronous = OFF; BEGIN`);
    const { table: tables = [], rest = [] } = Object.groupBy(
      schema,
      ({ type }) => type === "table" ? type : "rest",
    );
    for (const { sql } of tables) target.exec(sql);
    for (const { name } of tables) {
      yield* copyRows({ source, target }, name);
    }
    copySequences(source, target);
    for (const { sql } of rest) {
      target.exec(sql);
      yield;
    }
    for (const pragma of ["user_version", "application_id"]) {
      const [value] = source.prepare(`PRAGMA ${pragma}`).value() ?? [0];
      target.exec(`PRAGMA ${pragma} = ${value}`);
    }
    target.exec("COMMIT");
  } finally {
    target.close();
    if (source.inTransaction) source.exec("ROLLBACK");
  }
}

/** One table after the other, each with its indexes: the largest one takes the longest. */
async function checkCopy(
  path: string,
  pause: () => Promise<void>,
): Promise<void> {
  const connection = new Connection(path, { readonly: true });
  try {
    const tables = connection.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table'",
    ).values<[string]>();
    for (const [name] of tables) {
      await pause();
      const [said] = connection.prepare(`PRAGMA quick_check("${name}")`)
        .value<[string]>() ?? [];
      if (said === "ok") continue;
      throw new Error(`Cannot back up: the copy is not whole: ${said}`);
    }
  } finally {
    connection.close();
  }
}

function* copyRows(
  { source, target }: {
    readonly source: Connection;
    readonly target: Connection;
  },
  table: string,
): Generator<void> {
  const select = source.prepare<Record<string, BindValue>>(
    `SELECT * FROM "${table}"`,
  );
  const columns = select.columnNames();
  const insert = target.prepare(
    `INSERT INTO "${table}" (${columns.map((it) => `"${it}"`).join(", ")})
     VALUES (${columns.map(() => "?").join(", ")})`,
  );
  let step = 0;
  for (const row of select) {
    insert.run(...columns.map((it) => row[it]));
    if (++step % ROWS_A_STEP === 0) yield;
  }
  // The runtime's driver ends a walk at damage as if there were no more rows.
  const [count] = source.prepare(`SELECT count(*) FROM "${table}"`)
    .value<[number]>() ?? [];
  if (step === count) return;
  throw new StorageError("damaged", `${step} of ${count} rows of ${table}`);
}

/** Numbers that were given once are not given again after a restore. */
function copySequences(source: Connection, target: Connection): void {
  target.exec("DELETE FROM sqlite_sequence");
  const rows = source.prepare("SELECT name, seq FROM sqlite_sequence")
    .values<[string, number]>();
  const insert = target.prepare(
    "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
  );
  for (const row of rows) insert.run(...row);
}
