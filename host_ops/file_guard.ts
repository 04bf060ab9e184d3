import { basename, dirname } from "@std/path";
import {
  EnteredFolder,
  type EnterOptions,
  movedAway,
} from "./entered_folder.ts";
import type { Access } from "./failure.ts";
import type { FolderShells } from "./folder_shells.ts";
import { notFound } from "./not_found.ts";
import type { Judged, PathPolicy } from "./policy.ts";
import { identityAt, identityOf, lstatNow } from "./real_path.ts";
import {
  notAFile,
  type Opening,
  openRegularFile,
  type RegularFile,
} from "./regular_file.ts";

/** How often to open what somebody moves about. */
const MOST_TRIES = 10;

/** How often to look; each time a file from elsewhere passes by half a chance. */
const MOST_LOOKS = 40;

/**
 * Sees to it that what was judged is what is opened, whoever renames, links or
 * exchanges files and folders meanwhile.
 */
export class FileGuard {
  readonly policy: PathPolicy;
  readonly #shells: FolderShells;

  constructor(
    options: { readonly policy: PathPolicy; readonly shells: FolderShells },
  ) {
    this.policy = options.policy;
    this.#shells = options.shells;
  }

  /**
   * Opens the regular file where a path leads: that very file may be touched.
   * It may be opened for something else than it is judged for; `judged` is what
   * was found there a moment ago.
   *
   * @throws {HostOpFailure} `FILE_NOT_FOUND`, `NOT_A_FILE`,
   * `PERMISSION_DENIED`, also when the path leads elsewhere time and again.
   * @throws the system's errors.
   */
  async open(
    absolutePath: string,
    access: Access,
    { opening = access, judged: known }: {
      readonly opening?: Opening;
      readonly judged?: Judged;
    } = {},
  ): Promise<RegularFile> {
    for (let tries = MOST_TRIES; tries > 0; tries--) {
      const judged = tries === MOST_TRIES && known?.info !== undefined
        ? known
        : await this.policy.admit(absolutePath, access);
      if (judged.info === undefined) {
        throw await notFound(absolutePath, {
          path: judged.path,
          policy: this.policy,
        });
      }
      if (!judged.info.isFile) throw notAFile(absolutePath);
      const file = await openRegularFile(judged.path, opening);
      try {
        if (await this.#isJudged(file, judged, access)) return file;
      } catch (error) {
        await file[Symbol.asyncDispose]();
        throw error;
      }
      await file[Symbol.asyncDispose]();
    }
    throw movedAway(absolutePath);
  }

  /**
   * Enters the folder at a real path, and gives it to `use`; with `makeMissing`
   * makes it and those above it first.
   *
   * @throws {Deno.errors.NotCapable} without the permission to write there.
   * @throws as {@linkcode EnteredFolder.enter}, and what `use` does.
   */
  async within<T>(
    folder: string,
    use: (entered: EnteredFolder) => Promise<T>,
    { makeMissing = false, copied }:
      & { readonly makeMissing?: boolean }
      & Pick<EnterOptions, "copied"> = {},
  ): Promise<T> {
    expectPermission(folder);
    const missing: string[] = [];
    let there = folder;
    while (makeMissing && lstatNow(there) === undefined) {
      missing.unshift(basename(there));
      there = dirname(there);
    }
    return await this.#shells.with(async (shell) =>
      await use(await EnteredFolder.enter(shell, there, { missing, copied }))
    );
  }

  /** Tells whether what was opened is what was judged. */
  async #isJudged(
    { info }: RegularFile,
    judged: Judged,
    access: Access,
  ): Promise<boolean> {
    if (this.policy.keeps(info)) return false;
    const identity = identityOf(info);
    if (identity === undefined || judged.info === undefined) return false;
    if (identityOf(judged.info) !== identity) return false;
    if (!this.policy.hasRoots(access) && !isOfProcesses(info)) return true;
    return isAt(judged.path, identity) ||
      await this.#isInFolder(info, judged);
  }

  /** As {@linkcode isAt}, of a path that somebody moves about. */
  async #isInFolder(
    info: RegularFile["info"],
    { path, root }: Judged,
  ): Promise<boolean> {
    // a number tells a file from others of its device only
    if (root === undefined || lstatNow(root)?.dev !== info.dev) {
      return false;
    }
    try {
      return await this.#shells.with(async (shell) => {
        const folder = await EnteredFolder.enter(shell, dirname(path));
        return await folder.holds(basename(path), info);
      });
    } catch {
      return false;
    }
  }
}

/**
 * Tells whether a file is the one at a real path. One call looks where the path
 * leads, another which file is there, and somebody who exchanges folders
 * between the two is believed. So either is done, many times, as a coin says: a
 * file that is elsewhere whenever the path is as it was passes each look by no
 * more than half a chance, whatever the rhythm.
 */
function isAt(path: string, identity: string): boolean {
  const coins = crypto.getRandomValues(new Uint8Array(MOST_LOOKS));
  try {
    return coins.every((coin) =>
      coin < 128
        ? Deno.realPathSync(path) === path
        : identityAt(path) === identity
    );
  } catch {
    return false;
  }
}

/** A shell is not bound by the permissions of this process: it is held to them. */
function expectPermission(path: string): void {
  const { state } = Deno.permissions.querySync({ name: "write", path });
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(`Requires write access to "${path}"`);
}

/** Tells whether a file is one of those that show processes. */
function isOfProcesses({ dev }: { readonly dev: number }): boolean {
  if (Deno.build.os !== "linux" || mayNotSeeProcesses) return false;
  try {
    return Deno.lstatSync("/proc/self").dev === dev;
  } catch (error) {
    // to be refused costs ten times such a look
    mayNotSeeProcesses = error instanceof Deno.errors.NotCapable;
    return false;
  }
}

/** What this process was once refused it will never be given. */
let mayNotSeeProcesses = false;
