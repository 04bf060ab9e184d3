import { exists } from "@std/fs";
import { dirname, join } from "@std/path";
import { brokenOffRestores, markPath } from "../node/mod.ts";
import { takeUp } from "./swap_database.ts";

/** How many of the databases that restores have replaced are kept. */
export const MOST_ASIDE = 3;

/** Returns where a restore that was begun at `stamp` keeps what it replaces. */
export function asidePath(path: string, stamp: string): string {
  return join(dirname(path), `aside-${stamp}.db`);
}

/** Returns where such a restore prepares what it puts in place. */
export function stagedPath(path: string, stamp: string): string {
  return join(dirname(path), `restore-${stamp}.db`);
}

/**
 * Ends the restores of the database at `path` that were killed: it is what it
 * was before them, or their backup. Returns those backups.
 */
export async function takeUpRestores(path: string): Promise<readonly string[]> {
  const folder = dirname(path);
  const found = await brokenOffRestores(folder);
  for (const { stamp } of found) {
    await takeUp({ path, aside: asidePath(path, stamp) });
    await Deno.remove(markPath(folder, stamp));
  }
  if (found.length > 0) await removeStagedOnes(path);
  return found.flatMap(({ backup }) => backup === "" ? [] : [backup]);
}

/** Removes what restores that were killed had prepared. */
export async function removeStagedOnes(path: string): Promise<void> {
  const folder = dirname(path);
  const stopped = await brokenOffRestores(folder);
  const isGoing = async (stamp: string) =>
    await exists(markPath(folder, stamp)) &&
    stopped.every((it) => it.stamp !== stamp);
  for (const [name, stamp] of await stampedIn(folder, "restore")) {
    if (await isGoing(stamp)) continue;
    await Deno.remove(join(folder, name)).catch(() => {});
  }
}

/** Removes all but the newest that were replaced; returns which. */
export async function removeOldAsides(
  path: string,
): Promise<readonly string[]> {
  const folder = dirname(path);
  const found = await stampedIn(folder, "aside");
  const stamps = [...new Set(found.map(([, stamp]) => stamp))].sort();
  const old = stamps.slice(0, -MOST_ASIDE);
  for (const [name, stamp] of found) {
    if (old.includes(stamp)) await Deno.remove(join(folder, name));
  }
  return old.map((it) => asidePath(path, it));
}

/** Returns the databases, and what belongs to them, that a restore has named. */
async function stampedIn(
  folder: string,
  kind: "restore" | "aside",
): Promise<readonly (readonly [name: string, stamp: string])[]> {
  const named = new RegExp(`^${kind}-(\\d{4}-\\d\\d-\\d\\dT[-\\d]+Z)\\.db`);
  const names = await Array.fromAsync(Deno.readDir(folder), (it) => it.name);
  return names.flatMap((name) => {
    const stamp = named.exec(name)?.[1];
    return stamp === undefined ? [] : [[name, stamp] as const];
  });
}
