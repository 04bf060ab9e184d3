import { Database } from "@db/sqlite";
import { exists } from "@std/fs";
import { dirname } from "@std/path";
import { inspectDatabase } from "../../../conductor/store/mod.ts";

/**
 * Puts `staged`, a whole single file, in the place of the database at `path`,
 * which becomes `aside`. Whenever the process is killed, one of the two lies at
 * `path` with all that it has acknowledged, and never with the other's log. One
 * that conductor refuses leaves an empty file there on its way, which it
 * refuses as well; {@linkcode takeUp} then puts it back.
 * @throws {Error} when another program reads the database; nothing is changed
 */
export async function swapIn(staged: string, place: Place): Promise<void> {
  const { path, aside, files = Deno } = place;
  const state = takeInLog(path);
  if (state === "busy") {
    throw new Error(`Another program reads ${path}: end it first`);
  }
  try {
    for (const suffix of state === "absent" ? [] : ["", "-wal"]) {
      // What is in the shared memory is in the log as well.
      if (!await exists(path + suffix)) continue;
      await files.link(path + suffix, aside + suffix);
    }
    if (state === "unusable") await emptyOut(place);
    await removeLogs(path, files);
    await syncFolderOf(path);
    await files.rename(staged, path);
    await syncFolderOf(path);
  } catch (error) {
    await takeUp(place);
    throw error;
  }
}

/**
 * Puts back what {@linkcode swapIn} has taken; without a log of its own it is
 * renamed over the backup.
 */
export async function swapBack(place: Place): Promise<void> {
  const { path, aside, files = Deno } = place;
  const isWithLog = await exists(`${aside}-wal`);
  const state = takeInLog(path);
  if (isWithLog || state === "busy" || state === "unusable") {
    await emptyOut(place);
  }
  await removeLogs(path, files);
  if (isWithLog) await files.link(`${aside}-wal`, `${path}-wal`);
  if (await exists(aside)) await files.rename(aside, path);
  else if (await exists(path)) await files.remove(path);
  await removeLogs(aside, files);
  await syncFolderOf(path);
}

/**
 * Ends what was broken off: what was there before is put back, unless the
 * backup lies in its place already.
 */
export async function takeUp(place: Place): Promise<void> {
  const { path, aside, files = Deno } = place;
  const [log, ownLog] = [`${aside}-wal`, `${path}-wal`];
  const isHere = await isSameFile(aside, path);
  if (await exists(aside) && !isHere) {
    return sizeOf(path) ? undefined : await swapBack(place);
  }
  if (!isHere && sizeOf(path) && !await isSameFile(log, ownLog)) return;
  if (await exists(log) && !await exists(ownLog)) await files.link(log, ownLog);
  await removeLogs(aside, files);
  if (isHere) await files.remove(aside);
}

interface Place {
  /** The database. */
  readonly path: string;
  /** Where what lies there is kept. */
  readonly aside: string;
  readonly files?: FileChanges;
}

/** What changes the names of files. */
export type FileChanges = Pick<typeof Deno, "link" | "rename" | "remove">;

/**
 * Writes into the file what its log holds, after a conductor that was killed. Of
 * what cannot be used, or is empty beside a log, the log is a part.
 */
function takeInLog(path: string): "absent" | "whole" | "busy" | "unusable" {
  if (!sizeOf(path)) return sizeOf(`${path}-wal`) ? "unusable" : "absent";
  try {
    // Opened for writing, SQLite drops what stands behind damage in a log.
    inspectDatabase(path);
    const database = new Database(path, { create: false });
    try {
      database.exec("PRAGMA busy_timeout = 1000");
      const [busy] = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)")
        .value() ?? [];
      return busy === 0 ? "whole" : "busy";
    } finally {
      database.close();
    }
  } catch {
    return "unusable";
  }
}

/** SQLite reads no log into an empty file, and conductor refuses one. */
async function emptyOut({ path, aside, files = Deno }: Place): Promise<void> {
  if (!sizeOf(path)) return;
  const empty = `${aside}.empty`;
  await Deno.writeFile(empty, new Uint8Array(), { mode: 0o600 });
  await files.rename(empty, path);
}

async function removeLogs(path: string, files: FileChanges): Promise<void> {
  for (const suffix of ["-shm", "-wal"]) {
    if (await exists(path + suffix)) await files.remove(path + suffix);
  }
}

async function syncFolderOf(path: string): Promise<void> {
  using folder = await Deno.open(dirname(path));
  await folder.sync();
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all(
    [one, other].map((it) => Deno.stat(it).catch(() => undefined)),
  );
  return a !== undefined && a.dev === b?.dev && a.ino === b.ino;
}

/** Undefined for what is not there. */
function sizeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).size;
  } catch {
    return undefined;
  }
}
