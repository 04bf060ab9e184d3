import type { Database as Connection } from "@db/sqlite";
import { type Migration, MIGRATIONS } from "./migrations.ts";

/** Marks the file as ours for tools that look: "baac" in ASCII. */
export const APPLICATION_ID = 0x62616163;

/**
 * Applies the migrations that the database has not had, each in a transaction
 * of its own. Two processes may start at once: each step looks again once it
 * holds the write lock.
 * @throws when the database has had more migrations than this program knows.
 */
export function migrate(
  connection: Connection,
  migrations: readonly Migration[] = MIGRATIONS,
): void {
  while (versionOf(connection, migrations) < migrations.length) {
    step(connection, migrations);
  }
}

function step(connection: Connection, migrations: readonly Migration[]): void {
  connection.transaction(() => {
    const version = versionOf(connection, migrations);
    const next = migrations[version];
    if (next === undefined) return;
    connection.exec(next.sql);
    connection.exec(`
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${version + 1};
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
