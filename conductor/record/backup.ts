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
  const partial = `${typeof to === "string" ? to : to(true)}.partial`;
  // SQLite gives its other files the mode of the first one.
  Deno.openSync(partial, { write: true, createNew: true, mode: 0o600 }).close();
  try {
    await copy(options, partial);
    using file = await Deno.open(partial, { read: true, write: true });
    await file.sync();
    await checkCopy(partial, options.pause);
    const { pause } = options;
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

async function copy(options: BackupOptions, partial: string): Promise<void> {
  const source = new Connection(options.from, {
    readonly: true,
    int64: true,
    parseJson: false,
  });
  const target = new Connection(partial, { int64: true, parseJson: false });
  try {
    // What was begun by a read sees the database of that moment until its end.
    source.exec("PRAGMA busy_timeout = 5000; BEGIN");
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
      await copyRows({ source, target, pause: options.pause }, name);
    }
    copySequences(source, target);
    for (const { sql } of rest) {
      target.exec(sql);
      await options.pause();
    }
    for (const pragma of ["user_version", "application_id"]) {
      const [value] = source.prepare(`PRAGMA ${pragma}`).value() ?? [0];
      target.exec(`PRAGMA ${pragma} = ${value}`);
    }
    target.exec("COMMIT");
  } finally {
    target.close();
    source.close();
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

async function copyRows(
  { source, target, pause }: {
    readonly source: Connection;
    readonly target: Connection;
    readonly pause: () => Promise<void>;
  },
  table: string,
): Promise<void> {
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
    if (++step % ROWS_A_STEP === 0) await pause();
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
