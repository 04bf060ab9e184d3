// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Writes a consistent copy of conductor's database, also while conductor runs,
 * or verifies the chain of its audit trail; exits with 1 when that was edited.
 *
 * Usage: deno run -A scripts/database.ts backup [file]
 *        deno run -A scripts/database.ts verify [database]
 */
import { Database } from "@db/sqlite";
import { exists } from "@std/fs";
import { join } from "@std/path";
import { readConductorConfig } from "../conductor/config.ts";
import {
  backupDatabase,
  BackupService,
  verifyAudit,
} from "../conductor/record/mod.ts";
import { systemClock } from "../shared/clock.ts";
import { messageOf } from "../shared/errors.ts";

/** Gives `read` the database at `path`, which it cannot change. */
export function readDatabase<T>(
  path: string,
  read: (database: Database) => T,
): T {
  const database = new Database(path, {
    readonly: true,
    create: false,
    int64: true,
    parseJson: false,
  });
  try {
    return read(database);
  } finally {
    database.close();
  }
}

if (import.meta.main) {
  const [command, file, ...rest] = Deno.args;
  if (rest.length > 0 || file?.startsWith("-") || !isCommand(command)) {
    console.error("Usage: database.ts backup [file] | verify [database]");
    Deno.exit(2);
  }
  try {
    const { stateDir } = readConductorConfig((name) => Deno.env.get(name));
    if (command === "backup") console.log(await backup(stateDir, file));
    else verify(file ?? join(stateDir, "conductor.db"));
  } catch (error) {
    const what = command === "verify" ? "Cannot verify the audit trail: " : "";
    console.error(what + messageOf(error));
    Deno.exit(1);
  }
}

function isCommand(text: string | undefined): text is "backup" | "verify" {
  return text === "backup" || text === "verify";
}

/** Returns the path of the copy. */
async function backup(stateDir: string, to?: string): Promise<string> {
  const from = join(stateDir, "conductor.db");
  if (!await exists(from)) {
    throw new Error(`Cannot back up: there is no database "${from}"`);
  }
  const pause = () => Promise.resolve();
  if (to !== undefined) {
    await backupDatabase({ from, to, pause });
    return to;
  }
  const folder = join(stateDir, "backups");
  const options = { from, folder, clock: systemClock, pause };
  const service = new BackupService(options);
  return (await service.create()).path;
}

function verify(path: string): void {
  const verdict = readDatabase(path, verifyAudit);
  console.log(JSON.stringify(verdict, null, 2));
  if (!verdict.ok) Deno.exit(1);
}
