import { basename, dirname, join } from "@std/path";
import { followParents } from "../shared/user_path.ts";
import {
  type Access,
  FILE_FAILED,
  HostOpFailure,
  refusedPathIn,
} from "./failure.ts";
import { OwnFiles } from "./own_files.ts";
import {
  identityAt,
  identityOf,
  lookUp,
  lstatNow,
  type Place,
} from "./real_path.ts";

/** Where the system shows the insides of processes, their environment for one. */
const PROCESS_FILES = /^\/proc\/\d+(\/|$)/;

/**
 * Decides which files the file operations may touch. It judges the real path,
 * and files and folders by their identity as well as by their name: the same
 * one can have several (a hard link, another case, a firmlink, a bind mount,
 * `/.vol`). What it judged can have moved when it returns: see `FileGuard`.
 */
export class PathPolicy {
  readonly #options: PathPolicyOptions;
  readonly #kept: readonly Kept[];
  readonly #roots: Readonly<Record<Access, readonly string[] | undefined>>;

  constructor(options: PathPolicyOptions) {
    this.#options = options;
    const { ownPaths, leftOut = [], readRoots, staging, writeRoots } = options;
    // once: a link that is put there later leads nowhere that was allowed
    this.#roots = {
      read: readRoots?.map(realPathNow),
      write: writeRoots?.map(realPathNow),
    };
    this.#kept = [
      {
        reason: "own_files",
        why: "it belongs to the daemon itself",
        ...kept(ownPaths, staging),
      },
      {
        reason: "left_out",
        why: "it is left out of what file operations may touch",
        ...kept(leftOut),
      },
    ];
  }

  /** Tells whether only what is in some roots may be touched. */
  hasRoots(access: Access): boolean {
    return this.#roots[access] !== undefined;
  }

  /**
   * Judges where an absolute path really leads.
   *
   * @throws {HostOpFailure} `PERMISSION_DENIED` when it may not be gone there.
   * @throws what the system says of a path that leads nowhere at all.
   */
  async admit(absolutePath: string, access: Access): Promise<Judged> {
    const asked = { absolutePath, access };
    const { path, info, there } = await this.#look(absolutePath, asked);
    const doing = `${access} ${absolutePath}`;
    if (PROCESS_FILES.test(path)) {
      throw denied(doing, {
        why: "the insides of a process are no files",
        hint: "POST /v1/exec with ps shows processes.",
        details: { reason: "process_files" },
      });
    }
    const above = pathsUpFrom(there).map((it) => ({
      path: it,
      identity: it === path ? info && identityOf(info) : identityAt(it),
    }));
    const identities = new Set(
      above.map((it) => it.identity).filter((it) => it !== undefined),
    );
    for (const { reason, why, names, files } of this.#kept) {
      if (names.some((it) => isBelow(it, path)) || files.hasAny(identities)) {
        throw denied(doing, { why, hint: KEPT, details: { reason } });
      }
    }
    const roots = this.#roots[access];
    if (roots === undefined) return { path, info, root: undefined };
    for (const real of roots) {
      const at = identityAt(real);
      const entry = isBelow(real, path)
        ? real
        : above.find((it) => at !== undefined && it.identity === at)?.path;
      if (entry === undefined) continue;
      // by the name of the root: from here on, names suffice
      const inside = join(real, path.slice(entry.length));
      const seen = inside === path ? info : lstatNow(inside);
      return { path: inside, info: seen, root: real };
    }
    throw this.#outside(absolutePath, access);
  }

  /**
   * Returns an absolute path without any `..`: see {@linkcode followParents}. Of
   * what is outside of the roots it is not even told whether it is there.
   *
   * @throws {HostOpFailure}
   * @throws the system's errors.
   */
  follow(absolutePath: string, access: Access): Promise<string> {
    return followParents(absolutePath, async (folder) => {
      const { path: real, info } = await this.#look(folder, {
        absolutePath,
        access,
      });
      const isKnown = this.#roots[access]?.some((it) =>
        isBelow(it, real) || isBelow(real, it)
      ) ?? true;
      if (!isKnown) {
        throw this.#outside(absolutePath, access);
      }
      if (info?.isDirectory) {
        return real;
      }
      throw noWayUp(absolutePath, {
        access,
        folder,
        isThere: info !== undefined,
      });
    });
  }

  /** What the runtime does not let us see is outside, unless it is a root's. */
  async #look(
    path: string,
    { absolutePath, access }: {
      readonly absolutePath: string;
      readonly access: Access;
    },
  ): Promise<Place> {
    try {
      return await lookUp(path);
    } catch (error) {
      const refused = refusedPathIn(error);
      const roots = [
        ...this.#roots[access] ?? ["/"],
        ...this.#options[`${access}Roots`] ?? [],
      ];
      const isOutside = refused !== undefined &&
        !roots.some((it) => isBelow(it, refused));
      throw isOutside ? this.#outside(absolutePath, access) : error;
    }
  }

  #outside(absolutePath: string, access: Access): HostOpFailure {
    const roots = this.#options[`${access}Roots`] ?? [];
    return denied(`${access} ${absolutePath}`, {
      why: `it is outside of ${roots.join(", ")}`,
      hint:
        "Choose a path within details.roots; they bind no command of POST /v1/exec.",
      details: { reason: "outside_roots", roots },
    });
  }

  /** Tells of a file, however it was reached, whether nobody may touch it. */
  keeps(info: Pick<Deno.FileInfo, "dev" | "ino">): boolean {
    const identity = identityOf(info);
    return identity !== undefined &&
      this.#kept.some(({ files }) => files.hasAny(new Set([identity])));
  }
}

export interface PathPolicyOptions {
  /** Folders that may be read; not given: all. */
  readonly readRoots?: readonly string[] | undefined;
  /** Folders that may be written; not given: all. */
  readonly writeRoots?: readonly string[] | undefined;
  /** The daemon's own state, logs and token: never, whatever the roots say. */
  readonly ownPaths: readonly string[];
  /** The folder among them in which new files are completed. */
  readonly staging?: string | undefined;
  /** Further files and folders that are never touched. */
  readonly leftOut?: readonly string[] | undefined;
}

/** Where a path led when it was judged; by its root's name where roots are set. */
export interface Judged extends Omit<Place, "there"> {
  /** The real path of the root that holds it; undefined where none are set. */
  readonly root: string | undefined;
}

/** Files that nobody may touch, and why. */
interface Kept {
  readonly reason: string;
  readonly why: string;
  /** What is not there yet has no identity: it goes by its name. */
  readonly names: readonly string[];
  readonly files: OwnFiles;
}

function kept(
  paths: readonly string[],
  staging?: string,
): Pick<Kept, "names" | "files"> {
  return {
    names: [...paths, ...paths.map(realPathNow)],
    files: new OwnFiles(paths, staging),
  };
}

const KEPT =
  "Choose another path: no file operation touches this one. GET /v1/logs, /v1/audit and /health tell what the daemon does.";

function denied(
  doing: string,
  { why, hint, details }: {
    readonly why: string;
    readonly hint: string;
    readonly details: Readonly<Record<string, unknown>>;
  },
): HostOpFailure {
  const message = `Cannot ${doing}: ${why}`;
  return new HostOpFailure("PERMISSION_DENIED", message, { details, hint });
}

/** What to say of a `..` behind what is no folder. */
function noWayUp(
  path: string,
  { access, folder, isThere }: {
    readonly access: Access;
    readonly folder: string;
    readonly isThere: boolean;
  },
): HostOpFailure {
  if (!isThere && access === "read") {
    return new HostOpFailure("FILE_NOT_FOUND", `File not found at ${path}.`);
  }
  const what = isThere ? "is not a directory" : "does not exist";
  const reason = isThere ? "parent_not_a_directory" : "parent_not_found";
  return new HostOpFailure(
    FILE_FAILED[access],
    `Cannot ${access} ${path}: ${folder}, before a "..", ${what}`,
    { details: { reason } },
  );
}

function isBelow(folder: string, path: string): boolean {
  return path === folder ||
    path.startsWith(folder === "/" ? "/" : `${folder}/`);
}

/** Where a folder that may come later will be, unless it comes as a link. */
function realPathNow(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPathNow(parent), basename(path));
  }
}

/** A path and all folders above it. */
function pathsUpFrom(path: string): string[] {
  const paths = [path];
  for (let at = path; dirname(at) !== at; at = dirname(at)) {
    paths.push(dirname(at));
  }
  return paths;
}
