import { Database } from "@db/sqlite";
import { exists } from "@std/fs";
import { dirname, join } from "@std/path";
import { LockFiles } from "../../../conductor/store/mod.ts";
import { isRunning, type Jobs } from "../launchd/mod.ts";
import { databasePath, SERVICES } from "../node/mod.ts";

/** A copy of conductor's database from before an upgrade. */
export interface KeptDatabase {
  readonly original: string;
  readonly copy: string;
  readonly version: number;
}

/**
 * Copies the database while nobody has it open: a new version migrates it
 * forward, and the old one refuses what is newer. Undefined when there is none.
 */
export async function keepDatabase(
  stateDir: string,
  folder: string,
): Promise<KeptDatabase | undefined> {
  const original = databasePath(stateDir);
  if (!await exists(original)) return undefined;
  const copy = join(folder, "conductor.db");
  for (const suffix of ["", "-wal"]) {
    if (await exists(original + suffix)) {
      await Deno.copyFile(original + suffix, copy + suffix);
    }
  }
  return { original, copy, version: schemaVersion(original) };
}

/** Puts the copy back if the schema has changed since; returns whether it has. */
export async function restoreDatabase(kept: KeptDatabase): Promise<boolean> {
  if (schemaVersion(kept.original) === kept.version) return false;
  for (const suffix of ["-wal", "-shm"]) {
    await Deno.remove(kept.original + suffix).catch(() => undefined);
  }
  if (await exists(`${kept.copy}-wal`)) {
    await Deno.rename(`${kept.copy}-wal`, `${kept.original}-wal`);
  }
  await Deno.rename(kept.copy, kept.original);
  return true;
}

/**
 * Throws while a conductor has the database open: one that launchd did not
 * start would go on writing into what is taken away under it.
 * @param jobs lets pass what launchd runs, and takes away when it is told to
 */
export async function mustBeUnused(
  path: string,
  jobs?: Pick<Jobs, "find">,
): Promise<void> {
  const folder = join(dirname(path), "instances");
  if (!await exists(folder)) return;
  const locks = new LockFiles(folder);
  const names = await Array.fromAsync(Deno.readDir(folder), (it) => it.name);
  const living = names.filter((it) => !locks.isDead(it.replace(/\.lock$/, "")));
  const own = await jobs?.find(SERVICES.conductor) ?? [];
  // Each holds its lock.
  if (living.length <= own.filter(isRunning).length) return;
  throw new Error(
    `A conductor that launchd did not start uses ${path}: stop it first`,
  );
}

function schemaVersion(path: string): number {
  const database = new Database(path, { create: false });
  try {
    const [version] = database.prepare("PRAGMA user_version").value() ?? [];
    return Number(version);
  } finally {
    database.close();
  }
}
