import { basename, dirname, join, resolve } from "@std/path";

/** How many links one path may lead through; the system's own limit. */
const MOST_LINKS = 40;

/** What a path leads to. */
export interface Place {
  /** The real path, no part of it a link. */
  readonly path: string;
  /** What stood there, if anything did. */
  readonly info: Deno.FileInfo | undefined;
}

/**
 * Returns where an absolute path really leads, every link followed, also when
 * nothing is there yet: what is missing is appended to the real path of what
 * exists, and a link to nothing leads to the nothing that it names.
 *
 * A first look may have to wait for a slow disk or for another machine, and is
 * left to another thread. Those right behind it find what they look for in
 * memory, where another thread costs more than the look: they are made at once,
 * here and in all that is done to a path that was looked up.
 *
 * @throws the system's errors but "not found", `ELOOP` among them.
 */
export async function lookUp(path: string): Promise<Place> {
  try {
    const real = await Deno.realPath(path);
    return { path: real, info: lstatNow(real) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return lookBehind(path, MOST_LINKS);
}

/** As {@linkcode lookUp}, of a path that leads to nothing. */
function lookBehind(path: string, links: number): Place {
  const parent = dirname(path);
  if (parent === path) return { path, info: undefined };
  const entry = join(lookNow(parent, links).path, basename(path));
  const info = lstatNow(entry);
  if (!info?.isSymlink) return { path: entry, info };
  if (links === 0) {
    throw new Deno.errors.FilesystemLoop("Too many levels of symbolic links");
  }
  const target = Deno.readLinkSync(entry);
  return lookNow(resolve(dirname(entry), target), links - 1);
}

function lookNow(path: string, links: number): Place {
  try {
    const real = Deno.realPathSync(path);
    return { path: real, info: lstatNow(real) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return lookBehind(path, links);
}

/** Returns what stands at `path` itself, links not followed, if anything does. */
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
