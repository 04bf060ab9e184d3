import { join } from "@std/path";
import { isoTime } from "../../shared/clock.ts";
import { inspectDatabase } from "../store/mod.ts";

/** A backup as it lies in its folder. */
export interface BackupFile {
  readonly path: string;
  readonly size_bytes: number;
  readonly created_at: string;
  /** Whether conductor made it by itself. */
  readonly isDaily: boolean;
  /** Whether it was found whole when it was made, its audit trail too. */
  readonly verified: boolean;
}

const NAME =
  /^conductor-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z(\.daily)?(\.unverified)?\.db$/;

/** Returns the file name of a backup that was begun at `ms`: names sort by age. */
export function backupName(
  ms: number,
  { isDaily, verified }: Pick<BackupFile, "isDaily" | "verified">,
): string {
  const stamp = isoTime(ms).replaceAll(/[:.]/g, "-");
  const kind = (isDaily ? ".daily" : "") + (verified ? "" : ".unverified");
  return `conductor-${stamp}${kind}.db`;
}

/** Returns the backups in `folder`, newest first. */
export function backupFiles(folder: string): BackupFile[] {
  return namesIn(folder).sort().reverse().flatMap((name) => {
    const match = NAME.exec(name);
    const path = join(folder, name);
    const size = sizeOf(path);
    if (match === null || size === undefined) return [];
    const [, date, hours, minutes, seconds, ms, daily, unverified] = match;
    return [{
      path,
      size_bytes: size,
      created_at: `${date}T${hours}:${minutes}:${seconds}.${ms}Z`,
      isDaily: daily !== undefined,
      verified: unverified === undefined,
    }];
  });
}

/** Returns the newest backup that is whole, and that this program can read. */
export function newestBackup(folder: string): BackupFile | undefined {
  return backupFiles(folder).find(({ path, verified, size_bytes }) => {
    if (!verified || size_bytes === 0) return false;
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

/** Undefined for what is gone meanwhile. */
function sizeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).size;
  } catch {
    return undefined;
  }
}
