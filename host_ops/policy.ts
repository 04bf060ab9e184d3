import { dirname, join } from "@std/path";
import { type Access, HostOpFailure } from "./failure.ts";
import { lstatIfThere, realPathOf } from "./real_path.ts";

/** Where the system shows the insides of processes, their environment for one. */
const PROCESS_FILES = /^\/proc\/\d+(\/|$)/;

/** How many of the daemon's own files are compared with one that has several names. */
const MOST_OWN_FILES = 10_000;

/**
 * Decides which files the file operations may touch. It judges the real path,
 * and folders by their identity as well as by their name: the same folder can
 * have several (another case, a firmlink, a bind mount).
 */
export class PathPolicy {
  readonly #options: PathPolicyOptions;

  constructor(options: PathPolicyOptions) {
    this.#options = options;
  }

  /**
   * Returns where an absolute path really leads, no part of it a link, and what
   * stands there, when it may be gone there.
   *
   * @throws {HostOpFailure} `PERMISSION_DENIED` when not.
   * @throws what the system says of a path that leads nowhere at all.
   */
  async admit(absolutePath: string, access: Access): Promise<{
    readonly path: string;
    readonly info: Deno.FileInfo | undefined;
  }> {
    const path = await realPathOf(absolutePath);
    const deny = (why: string, details: Readonly<Record<string, unknown>>) =>
      new HostOpFailure(
        "PERMISSION_DENIED",
        `Cannot ${access} ${absolutePath}: ${why}`,
        { details },
      );
    if (PROCESS_FILES.test(path)) {
      const reason = "process_files";
      throw deny("the insides of a process are no files", { reason });
    }
    const [info, folders] = await Promise.all([
      lstatIfThere(path),
      identitiesOf(path),
    ]);
    if (await this.#owns(path, folders, info)) {
      throw deny("it belongs to the daemon itself", { reason: "own_files" });
    }
    const roots = this.#options[`${access}Roots`];
    if (roots !== undefined && !await leadsInto(roots, path, folders)) {
      const reason = "outside_roots";
      throw deny(`it is outside of ${roots.join(", ")}`, { reason, roots });
    }
    return { path, info };
  }

  async #owns(
    path: string,
    folders: ReadonlySet<string>,
    info: Deno.FileInfo | undefined,
  ): Promise<boolean> {
    const { ownPaths } = this.#options;
    if (await leadsInto(ownPaths, path, folders)) return true;
    if (!info?.isFile || (info.nlink ?? 1) < 2) return false;
    // a further name of one of the daemon's own files
    let left = MOST_OWN_FILES;
    for (const own of ownPaths) {
      for await (const file of filesBelow(own)) {
        if (await identityOf(file) === identity(info)) return true;
        if (--left === 0) return true;
      }
    }
    return false;
  }
}

export interface PathPolicyOptions {
  /** Folders that may be read; not given: all. */
  readonly readRoots?: readonly string[] | undefined;
  /** Folders that may be written; not given: all. */
  readonly writeRoots?: readonly string[] | undefined;
  /** The daemon's own state, logs and token: never, whatever the roots say. */
  readonly ownPaths: readonly string[];
}

/** Tells whether a real path is one of `places` or below one. */
async function leadsInto(
  places: readonly string[],
  path: string,
  folders: ReadonlySet<string>,
): Promise<boolean> {
  const verdicts = await Promise.all(places.map(async (place) => {
    const real = await realPathOf(place).catch(() => place);
    if (path === real || path.startsWith(real === "/" ? "/" : `${real}/`)) {
      return true;
    }
    const own = await identityOf(real);
    return own !== undefined && folders.has(own);
  }));
  return verdicts.includes(true);
}

/** The identities of a path and of all folders above it, as far as they can be seen. */
async function identitiesOf(path: string): Promise<ReadonlySet<string>> {
  const paths = [path];
  for (let at = path; dirname(at) !== at; at = dirname(at)) {
    paths.push(dirname(at));
  }
  const found = await Promise.all(paths.map(identityOf));
  return new Set(found.filter((it) => it !== undefined));
}

async function identityOf(path: string): Promise<string | undefined> {
  try {
    return identity(await Deno.stat(path));
  } catch {
    return undefined; // not there, or not to be seen
  }
}

function identity(info: Deno.FileInfo): string | undefined {
  return info.ino === null ? undefined : `${info.dev}:${info.ino}`;
}

async function* filesBelow(path: string): AsyncGenerator<string> {
  const info = await lstatIfThere(path).catch(() => undefined);
  if (info?.isFile) yield path;
  if (!info?.isDirectory) return;
  for await (const entry of Deno.readDir(path)) {
    const child = join(path, entry.name);
    if (entry.isDirectory) yield* filesBelow(child);
    else if (entry.isFile) yield child;
  }
}
