import { basename, dirname, join, resolve } from "@std/path";
import { shellQuote } from "../../shared/shell_quote.ts";
import { type BackupFile, newestBackup } from "./backup_files.ts";

/**
 * Says how the database at `path` is brought back: the newest backup that is
 * whole, and the commands that put it in its place: where it is installed, the
 * script that does. What is there now is kept aside, its log too, which would be
 * read into the backup otherwise.
 */
export function restoreAdvice(path: string): RestoreAdvice {
  const folder = resolve(dirname(path));
  const backup = newestBackup(join(folder, "backups"));
  const script = installedScript();
  if (backup !== undefined && script !== undefined) {
    const command = `${script} ${shellQuote(backup.path)}`;
    return {
      backup: backup.path,
      command,
      text: `${foundIn(backup)}, run: ${command}`,
    };
  }
  const name = basename(path);
  const place = shellQuote(folder);
  const isThere = [...Deno.readDirSync(folder)]
    .some((it) => it.name.startsWith(name));
  const aside = isThere ? `mv ${name}* "$(mktemp -d aside.XXXXXX)"/ && ` : "";
  const command = backup === undefined
    ? `mv ${place} "$(mktemp -d ${shellQuote(`${folder}.aside.XXXXXX`)})"/`
    : `cd ${place} && ${aside}cp -p ${shellQuote(backup.path)} ${name}`;
  return {
    backup: backup?.path,
    command,
    text:
      `${foundIn(backup)}, stop conductor (scripts/runtime/stop-launchd.sh ` +
      `--service conductor), run: ${command} and start it again ` +
      "(scripts/runtime/start-launchd.sh --service conductor)",
  };
}

function foundIn(backup: BackupFile | undefined): string {
  return backup === undefined
    ? "There is no good backup; to begin with an empty database"
    : `The newest good backup is of ${backup.created_at}; to restore it`;
}

/** The script that restores, where the installer has left its record. */
function installedScript(): string | undefined {
  const prefix = Deno.cwd();
  const isThere = (...names: string[]) => {
    try {
      return Deno.statSync(join(prefix, ...names)).isFile;
    } catch {
      // Not there, or it may not be looked at.
      return false;
    }
  };
  if (!isThere("bin", "install.json")) return undefined;
  const names = ["scripts", "runtime", "restore-mini.sh"];
  return isThere(...names)
    ? shellQuote(join(prefix, ...names))
    : names.join("/");
}

interface RestoreAdvice {
  /** The newest backup that is whole. */
  readonly backup: string | undefined;
  /**
   * What is run: the script, or what moves aside what is there, between stop
   * and start.
   */
  readonly command: string;
  /** All of it for a person. */
  readonly text: string;
}
