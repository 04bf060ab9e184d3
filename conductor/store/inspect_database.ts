import { Database as Connection } from "@db/sqlite";
import { APPLICATION_ID, versionOf } from "./migrate.ts";
import { checkWal } from "./check_wal.ts";

/** Up to this size all of it is looked at: some tens of milliseconds. */
const WHOLE_BYTES = 16_777_216;
/** Of a larger one, what everything hangs on; a backup reads the rest. */
const VITAL = ["automation", "lease", "counters", "audit_head"];

/**
 * Looks whether the file at `path` is a database of ours that is whole and not
 * newer than this program. Changes nothing: what SQLite would drop from a
 * damaged WAL when it opens it for writing is still there afterwards.
 * @throws {Error} what is wrong with it
 */
export function inspectDatabase(path: string): void {
  checkWal(`${path}-wal`);
  const connection = new Connection(path, {
    readonly: true,
    create: false,
    int64: true,
    parseJson: false,
  });
  try {
    connection.exec("PRAGMA busy_timeout = 5000");
    const read = (sql: string) =>
      Number(connection.prepare(sql).value()?.[0] ?? 0);
    const id = read("PRAGMA application_id");
    const tables = read("SELECT count(*) FROM sqlite_schema");
    // One that was made just now holds nothing yet.
    if (id === 0 && tables === 0 && read("PRAGMA user_version") === 0) return;
    if (id !== APPLICATION_ID) {
      throw new Error("it is the database of another program");
    }
    versionOf(connection);
    const isSmall = Deno.statSync(path).size <= WHOLE_BYTES;
    const checks = isSmall
      ? ["PRAGMA quick_check(1)"]
      : VITAL.map((it) => `PRAGMA quick_check('${it}')`);
    for (const check of checks) {
      const [said = "no answer"] = connection.prepare(check).value() ?? [];
      if (said !== "ok") throw new Error(`it is damaged: ${said}`);
    }
  } finally {
    connection.close();
  }
}
