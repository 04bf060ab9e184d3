import type { Database as Connection } from "@db/sqlite";
import { type Migration, MIGRATIONS } from "./migrations.ts";

/** Marks the file as ours for tools that look: "baac" in ASCII. */
export const APPLICATION_ID = 0x62616163;

/**
 * Applies the migrations that the database has not had, all of them or none. Two
 * processes may start at once: it looks again once it holds the write lock.
 * @throws when the database has had more migrations than this program knows.
 */
export function migrate(
  connection: Connection,
  migrations: readonly Migration[] = MIGRATIONS,
): void {
  if (versionOf(connection, migrations) === migrations.length) return;
  connection.transaction(() => {
    const missing = migrations.slice(versionOf(connection, migrations));
    for (const { sql } of missing) connection.exec(sql);
    connection.exec(`
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${migrations.length};
    `);
  }).immediate();
}

/**
 * Returns how many migrations the database has had.
 * @throws when it has had more than this program knows
 */
export function versionOf(
  connection: Connection,
  migrations: readonly Migration[] = MIGRATIONS,
): number {
  const [version] = connection.prepare("PRAGMA user_version")
    .value<[number]>() ?? [0];
  if (version > migrations.length) {
    throw new Error(
      `its schema has version ${version}, this program knows up to ` +
        `${migrations.length}: start the newer program`,
    );
  }
  return version;
}
