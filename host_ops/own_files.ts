import { existsSync } from "node:fs";
import { join } from "@std/path";
import { type FileIdentity, identityAt, identityOf } from "./real_path.ts";

/**
 * Milliseconds after which a folder's time of change tells every change: some
 * filesystems keep whole seconds.
 */
const SETTLED_AFTER_MS = 2_000;

/**
 * Knows files and folders, and all that is below them, by their identity:
 * whatever name, hard link or mount leads to one of them.
 */
export class OwnFiles {
  readonly #paths: readonly string[];
  readonly #passing: string | undefined;
  readonly #listings = new Map<string, Listing>();
  /** Of `paths`: where there was nothing when it was looked at last. */
  readonly #missing = new Set<string>();

  /**
   * `paths` are absolute; what is not there yet may come later. Files in the
   * folder `passing` are none: for a moment they have a name of somebody's too.
   */
  constructor(paths: readonly string[], passing?: string) {
    this.#paths = paths;
    this.#passing = passing;
  }

  /** Tells whether one of `wanted` is among them now. */
  hasAny(wanted: ReadonlySet<FileIdentity>): boolean {
    return this.#paths.some((path) => this.#search(path, wanted));
  }

  #search(path: string, wanted: ReadonlySet<FileIdentity>): boolean {
    // an error costs ten times such a look, and at some places there is nothing
    if (this.#missing.has(path) && !existsSync(path)) return false;
    let info: Deno.FileInfo;
    try {
      info = Deno.statSync(path);
      this.#missing.delete(path);
    } catch {
      this.#missing.add(path);
      return false; // not there, or beyond what this process may look at
    }
    const own = identityOf(info);
    if (own !== undefined && wanted.has(own)) return true;
    if (!info.isDirectory || path === this.#passing) return false;
    const { files, folders } = this.#listingOf(path, info);
    return files.some((it) => wanted.has(it)) ||
      folders.some((it) => this.#search(it, wanted));
  }

  /** Lists a folder again only when its entries have changed. */
  #listingOf(path: string, info: Deno.FileInfo): Listing {
    const changedAt = info.mtime?.getTime() ?? Infinity;
    const stamp = `${identityOf(info)} ${changedAt}`;
    const known = this.#listings.get(path);
    if (known?.stamp === stamp) return known;
    const startedAt = Date.now();
    const listing = { stamp, ...listed(path) };
    if (startedAt - changedAt > SETTLED_AFTER_MS) {
      this.#listings.set(path, listing);
    } else this.#listings.delete(path);
    return listing;
  }
}

/** What was in a folder when its stamp was as it is here. */
interface Listing {
  readonly stamp: string;
  readonly files: readonly FileIdentity[];
  readonly folders: readonly string[];
}

function listed(path: string): Omit<Listing, "stamp"> {
  const files: FileIdentity[] = [];
  const folders: string[] = [];
  try {
    for (const entry of Deno.readDirSync(path)) {
      const child = join(path, entry.name);
      if (entry.isDirectory) folders.push(child);
      else {
        const identity = identityAt(child);
        if (identity !== undefined) files.push(identity);
      }
    }
  } catch {
    // it went meanwhile, or may not be listed
  }
  return { files, folders };
}
