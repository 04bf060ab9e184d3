import { join, resolve } from "@std/path";

/** How many links one path may lead through; the system's own limit. */
const MOST_LINKS = 40;

/** What a path leads to. */
export interface Place {
  /** The real path, no part of it a link. */
  readonly path: string;
  /** What stood there, if anything did. */
  readonly info: Deno.FileInfo | undefined;
  /** The longest part of the path at which something stands. */
  readonly there: string;
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
    return whatIsAt(await Deno.realPath(path));
  } catch (error) {
    return lookBehind(path, { error, links: MOST_LINKS });
  }
}

function lookNow(path: string, links: number): Place {
  try {
    return whatIsAt(Deno.realPathSync(path));
  } catch (error) {
    return lookBehind(path, { error, links });
  }
}

function whatIsAt(path: string): Place {
  return { path, info: lstatNow(path), there: path };
}

/** Where a path leads that cannot be followed to its end, if nothing is there. */
function lookBehind(
  path: string,
  { error, links }: { readonly error: unknown; readonly links: number },
): Place {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
  const { there, missing: [first = "", ...rest] } = splitAtMissing(path);
  const entry = whatIsAt(join(there, first));
  if (entry.info === undefined) {
    return { path: join(entry.path, ...rest), info: undefined, there };
  }
  if (links === 0) {
    throw new Deno.errors.FilesystemLoop("Too many levels of symbolic links");
  }
  // What is no link has come meanwhile.
  const target = entry.info.isSymlink
    ? resolve(there, Deno.readLinkSync(entry.path))
    : entry.path;
  return lookNow(join(target, ...rest), links - 1);
}

/**
 * The real path of the last folder on the way that is there, and the names
 * behind it. Halves the way each time: it may have thousands of parts, and a
 * look at each would hold up everybody for a second. What the daemon may not
 * look at is there, above what it may.
 */
export function splitAtMissing(path: string) {
  const parts = path.split("/").filter((it) => it !== "");
  let there = "/";
  let denied: unknown;
  let [known, unknown] = [0, parts.length];
  while (unknown - known > 1) {
    const middle = (known + unknown) >> 1;
    try {
      there = Deno.realPathSync(`/${parts.slice(0, middle).join("/")}`);
      denied = undefined;
      known = middle;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) unknown = middle;
      else if (error instanceof Deno.errors.NotCapable) {
        denied = error;
        known = middle;
      } else throw error;
    }
  }
  if (denied !== undefined) throw denied;
  return { there, missing: parts.slice(known) };
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
