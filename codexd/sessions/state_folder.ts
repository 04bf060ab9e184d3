import { join } from "@std/path";
import { ConfigError } from "../../shared/config/mod.ts";

/**
 * Takes the state folder for this process and leaves its mark there.
 * @throws {ConfigError} when another process has it
 */
export function takeStateFolder(folder: string, mark: string): StateFolder {
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "codexd.lock");
  const file = Deno.openSync(path, {
    create: true,
    read: true,
    write: true,
    mode: 0o600,
  });
  if (!file.tryLockSync(true)) {
    file.close();
    throw new ConfigError([
      `BAA_STATE_DIR holds ${folder}, which another codexd uses: stop it or give another folder`,
    ]);
  }
  const previous = Deno.readTextFileSync(path).trim();
  file.truncateSync(0);
  file.writeSync(new TextEncoder().encode(mark + "\n"));
  return {
    previousMark: previous === "" ? undefined : previous,
    [Symbol.dispose]() {
      // Closing alone would not do while a child that is just being forked has
      // the file too. The end of the process gives the lock back as well.
      file.unlockSync();
      file.close();
    },
  };
}

/** A state folder that belongs to this process alone. */
interface StateFolder extends Disposable {
  /** The mark of the process that had it before: see orphans. */
  readonly previousMark: string | undefined;
}
