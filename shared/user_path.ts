import { dirname, isAbsolute, join, resolve } from "@std/path";

/** Where paths begin that do not begin at the root. */
export interface PathBase {
  /** Absolute. */
  readonly cwd: string;
  /** What `~` means: the owner's home; undefined where none is known. */
  readonly home?: string | undefined;
}

/** Refuses what {@linkcode namesAUser} tells. */
export const TILDE_RULE =
  "must not begin with ~name: ~ and ~/… are the owner's home, and nobody else's is known; ./~name is a file of that name";

/** Tells whether a path asks for the home of somebody by name, as shells allow. */
export function namesAUser(path: string): boolean {
  return /^~[^/]/.test(path);
}

/** Tells whether a path begins in the owner's home. */
export function isFromHome(path: string): boolean {
  return path === "~" || path.startsWith("~/");
}

/**
 * Returns a path as a caller writes it, absolute: in the home, when it says so
 * and there is one. Each `..` stays: see {@linkcode followParents}.
 */
export function absoluteFrom(
  path: string,
  { cwd, home = "~" }: PathBase,
): string {
  const given = isFromHome(path) ? home + path.slice(1) : path;
  const full = isAbsolute(given) ? given : `${cwd}/${given}`;
  return hasParents(full) ? full : resolve(full);
}

export function hasParents(path: string): boolean {
  return path.split("/").includes("..");
}

/**
 * Returns an absolute path with each `..` followed as the kernel does: up from
 * the folder to which all before it really leads. `resolve()`, and every call
 * of the runtime, goes up by name instead: elsewhere, when that is a link.
 *
 * @throws what `realFolder` throws, which returns where a path really leads
 * when there is a folder.
 */
export async function followParents(
  path: string,
  realFolder: (path: string) => Promise<string>,
): Promise<string> {
  let at = "/";
  let isReal = true;
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") at = dirname(isReal ? at : await realFolder(at));
    else at = join(at, part);
    isReal = part === "..";
  }
  return at;
}
