import { Database } from "@db/sqlite";
import { exists } from "@std/fs";
import { verifyAudit } from "../../../conductor/record/mod.ts";
import { inspectDatabase, openDatabase } from "../../../conductor/store/mod.ts";
import { messageOf } from "../../../shared/errors.ts";

/**
 * Copies a backup to `staged`, a single private file, and looks at the copy:
 * that it is a database of conductor's, not newer than these sources, whole,
 * and that its audit trail is. The backup itself is not touched.
 * @throws {Error} what is wrong, and where
 */
export async function checkBackup(
  backup: string,
  staged: string,
): Promise<CheckedBackup> {
  try {
    const { isFile, size } = await Deno.stat(backup);
    if (!isFile) throw new Error("it is no file");
    if (size === 0) throw new Error("it is empty");
    for (const suffix of ["", "-wal"]) {
      if (suffix !== "" && !await exists(backup + suffix)) continue;
      await Deno.copyFile(backup + suffix, staged + suffix);
      await Deno.chmod(staged + suffix, 0o600);
    }
    inspectDatabase(staged);
    const version = makeWhole(staged);
    return { version, ...await lookInside(staged) };
  } catch (error) {
    throw new Error(`Cannot restore ${backup}: ${messageOf(error)}`);
  }
}

/** What a backup holds that is whole. */
interface CheckedBackup {
  /** Of its schema. */
  readonly version: number;
  /** Of its schema, once conductor has opened it. */
  readonly newestVersion: number;
  readonly auditRows: number;
  readonly queued: number;
  /** Ids of the runs that it says go on. */
  readonly running: ReadonlySet<string>;
}

/** Removes a staged copy, and what SQLite left beside it. */
export async function removeStaged(staged: string): Promise<void> {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) {
    await Deno.remove(staged + suffix).catch(() => {});
  }
}

/** Reads every page, and takes in the log beside it; returns the schema's version. */
function makeWhole(path: string): number {
  const database = new Database(path, { create: false });
  try {
    const said = database.prepare("PRAGMA integrity_check(1)").value()?.[0];
    if (said !== "ok") throw new Error(`it is damaged: ${said}`);
    database.exec("PRAGMA journal_mode = DELETE");
    return versionOf(database);
  } finally {
    database.close();
  }
}

/** Looks at it as this version of conductor sees it, which a copy becomes. */
async function lookInside(staged: string) {
  const migrated = `${staged}.migrated`;
  try {
    await Deno.copyFile(staged, migrated);
    openDatabase(migrated).close();
    const database = new Database(migrated, {
      readonly: true,
      int64: true,
      parseJson: false,
    });
    try {
      const { ok, rows, first_bad_seq, problem } = verifyAudit(database);
      if (!ok) {
        throw new Error(
          `its audit trail is not whole from row ${first_bad_seq} on: ${problem}`,
        );
      }
      assertSchema(database);
      const ids = (sql: string) =>
        database.prepare(sql).values<[string]>().map(([id]) => id);
      return {
        newestVersion: versionOf(database),
        auditRows: rows,
        queued: ids("SELECT task_id FROM tasks WHERE status = 'queued'").length,
        running: new Set(
          ids("SELECT run_id FROM runs WHERE status = 'running'"),
        ),
      };
    } finally {
      database.close();
    }
  } finally {
    await removeStaged(migrated);
  }
}

/** What is in no migration would be run, or missed, later on. */
function assertSchema(database: Database): void {
  const listed = (it: Database) =>
    new Map(
      it.prepare(
        `SELECT type || ' ' || name, sql FROM sqlite_schema
         WHERE name NOT LIKE 'sqlite_%'`,
      ).values<[string, string]>(),
    );
  const found = listed(database);
  const own = openDatabase(":memory:");
  own.lend((connection) => {
    const wanted = listed(connection);
    for (const [what, sql] of found) {
      if (wanted.get(what) === sql) continue;
      throw new Error(`it has ${what}, which is not conductor's`);
    }
    for (const what of wanted.keys()) {
      if (!found.has(what)) throw new Error(`it lacks ${what}`);
    }
  });
  own.close();
}

function versionOf(database: Database): number {
  return Number(database.prepare("PRAGMA user_version").value()?.[0]);
}
