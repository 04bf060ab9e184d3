import { basename, dirname, join, resolve } from "@std/path";
import { shellQuote } from "../../shared/shell_quote.ts";
import { newestBackup } from "./backup_files.ts";

/**
 * Says how the database at `path` is brought back: the newest backup that is
 * whole, and the commands that put it in its place. What is there now is kept
 * aside, its log too, which would be read into the backup otherwise.
 */
export function restoreAdvice(path: string): RestoreAdvice {
  const folder = resolve(dirname(path));
  const backup = newestBackup(join(folder, "backups"));
  const name = basename(path);
  const place = shellQuote(folder);
  const isThere = [...Deno.readDirSync(folder)]
    .some((it) => it.name.startsWith(name));
  const aside = isThere ? `mv ${name}* "$(mktemp -d aside.XXXXXX)"/ && ` : "";
  const command = backup === undefined
    ? `mv ${place} "$(mktemp -d ${shellQuote(`${folder}.aside.XXXXXX`)})"/`
    : `cd ${place} && ${aside}cp -p ${shellQuote(backup.path)} ${name}`;
  const found = backup === undefined
    ? "There is no good backup; to begin with an empty database"
    : `The newest good backup is of ${backup.created_at}; to restore it`;
  return {
    backup: backup?.path,
    command,
    text: `${found}, stop conductor (scripts/runtime/stop-launchd.sh ` +
      `--service conductor), run: ${command} and start it again ` +
      "(scripts/runtime/start-launchd.sh --service conductor)",
  };
}

interface RestoreAdvice {
  /** The newest backup that is whole. */
  readonly backup: string | undefined;
  /** What is run between stop and start; moves aside what is there. */
  readonly command: string;
  /** All of it for a person. */
  readonly text: string;
}
