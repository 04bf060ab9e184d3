import { join } from "@std/path";
import { isoTime } from "../../shared/clock.ts";
import { inspectDatabase } from "../store/mod.ts";

/** A backup as it lies in its folder. */
export interface BackupFile {
  readonly path: string;
  readonly size_bytes: number;
  readonly created_at: string;
}

const NAME =
  /^conductor-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z(\.daily)?\.db$/;

/** Returns the file name of a backup that was begun at `ms`: names sort by age. */
export function backupName(ms: number, isDaily = false): string {
  const stamp = isoTime(ms).replaceAll(/[:.]/g, "-");
  return `conductor-${stamp}${isDaily ? ".daily" : ""}.db`;
}

/** Returns the backups in `folder`, newest first. */
export function backupFiles(folder: string): BackupFile[] {
  const found: BackupFile[] = [];
  for (const name of namesIn(folder).sort().reverse()) {
    const match = NAME.exec(name);
    if (match === null) continue;
    const [, date, hours, minutes, seconds, ms] = match;
    const path = join(folder, name);
    const created_at = `${date}T${hours}:${minutes}:${seconds}.${ms}Z`;
    found.push({ path, created_at, size_bytes: Deno.statSync(path).size });
  }
  return found;
}

/** Returns the newest backup that is whole, and that this program can read. */
export function newestBackup(folder: string): BackupFile | undefined {
  return backupFiles(folder).find(({ path }) => {
    try {
      inspectDatabase(path);
      return true;
    } catch {
      return false;
    }
  });
}

function namesIn(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(folder), ({ name }) => name);
  } catch {
    // There are none yet, or they cannot be read: neither keeps anything from starting.
    return [];
  }
}
