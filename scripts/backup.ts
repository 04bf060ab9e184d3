// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Writes a consistent copy of conductor's database, also while conductor runs.
 *
 * Usage: deno run -A scripts/backup.ts [file]
 */
import { join } from "@std/path";
import { exists } from "@std/fs";
import { readConductorConfig } from "../conductor/config.ts";
import { backupDatabase, BackupService } from "../conductor/record/mod.ts";
import { systemClock } from "../shared/clock.ts";
import { messageOf } from "../shared/errors.ts";

const [file, ...rest] = Deno.args;
if (rest.length > 0 || file?.startsWith("-")) {
  console.error("Usage: backup.ts [file]");
  Deno.exit(2);
}
try {
  const { stateDir } = readConductorConfig((name) => Deno.env.get(name));
  const from = join(stateDir, "conductor.db");
  if (!await exists(from)) {
    throw new Error(`Cannot back up: there is no database "${from}"`);
  }
  console.log(await copy(from, join(stateDir, "backups")));
} catch (error) {
  console.error(messageOf(error));
  Deno.exit(1);
}

/** Returns the path of the copy. */
async function copy(from: string, folder: string): Promise<string> {
  if (file !== undefined) {
    await backupDatabase({ from, to: file, pause: () => Promise.resolve() });
    return file;
  }
  const service = new BackupService({ from, folder, clock: systemClock });
  return (await service.create()).path;
}
