import { basename, dirname, join, resolve } from "@std/path";

/** How many links one path may lead through; the system's own limit. */
const MOST_LINKS = 40;

/**
 * Returns where an absolute path really leads, every link followed, also when
 * nothing is there yet: what is missing is appended to the real path of what
 * exists, and a link to nothing leads to the nothing that it names.
 *
 * @throws the system's errors but "not found", `ELOOP` among them.
 */
export function realPathOf(path: string): Promise<string> {
  return follow(path, MOST_LINKS);
}

async function follow(path: string, links: number): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const parent = dirname(path);
  if (parent === path) return path;
  const entry = join(await follow(parent, links), basename(path));
  const info = lstatNow(entry);
  if (!info?.isSymlink) return entry;
  if (links === 0) {
    throw new Deno.errors.FilesystemLoop("Too many levels of symbolic links");
  }
  return follow(resolve(dirname(entry), await Deno.readLink(entry)), links - 1);
}

/** Returns what stands at `path` itself, links not followed, if anything does. */
export async function lstatIfThere(
  path: string,
): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * As {@linkcode lstatIfThere}, at once: for what was looked up a moment ago, so
 * that another thread costs more than the look.
 */
export function lstatNow(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Which file something is, whatever its names: its device and its number there. */
export type FileIdentity = `${number}:${number}`;

/** Returns which file was looked at; undefined where the system does not tell. */
export function identityOf(
  { dev, ino }: Pick<Deno.FileInfo, "dev" | "ino">,
): FileIdentity | undefined {
  return ino === null ? undefined : `${dev}:${ino}`;
}

/** Returns which file stands at `path` itself; undefined when that cannot be seen. */
export function identityAt(path: string): FileIdentity | undefined {
  try {
    return identityOf(Deno.lstatSync(path));
  } catch {
    return undefined;
  }
}
