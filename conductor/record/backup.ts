import { type BindValue, Database as Connection } from "@db/sqlite";
import { exists } from "@std/fs";

const ROWS_A_STEP = 500;

/**
 * Writes a consistent copy of a database that may be in use: all of it as it
 * was at one moment. The copy is a single file, compact, and appears under its
 * name only when it is complete and on the disk.
 */
export async function backupDatabase(options: BackupOptions): Promise<void> {
  if (await exists(options.to)) {
    throw new Error(`Cannot back up to "${options.to}": it exists`);
  }
  const partial = `${options.to}.partial`;
  // SQLite gives its other files the mode of the first one.
  Deno.openSync(partial, { write: true, createNew: true, mode: 0o600 }).close();
  try {
    await copy(options, partial);
    using file = await Deno.open(partial, { read: true, write: true });
    await file.sync();
    await Deno.rename(partial, options.to);
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
  /** A file that does not exist yet. */
  readonly to: string;
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
