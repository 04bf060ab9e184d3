import { failureOf, HostOpFailure } from "./failure.ts";
import { type FolderShell, orderWord } from "./folder_shells.ts";
import { removeNow, temporaryName } from "./staging.ts";

/**
 * Copies all that a file has; fails where something of it cannot be kept. The
 * tool of macOS keeps attributes and access control lists anyway.
 */
const COPY = Deno.build.os === "darwin"
  ? "cp -p"
  : "cp -P --preserve=all,xattr";
const COPY_ATTRIBUTES = Deno.build.os === "darwin"
  ? COPY
  : `${COPY} --attributes-only`;

/** How often to enter a folder that somebody moves about. */
const MOST_TRIES = 10;

/** What an order ends with when there is a file of that name already. */
const EXISTS = 17;

/** What an order ends with when it was done by a copy. */
const COPIED = 19;

/** What an order ends with when a folder is not where it should be. */
const MOVED = 18;

/** The system's words, as its tools print them, by its code. */
const SYSTEM_CODES: Readonly<Record<string, string>> = {
  "Permission denied": "EACCES",
  "Operation not permitted": "EPERM",
  "Read-only file system": "EROFS",
  "No space left on device": "ENOSPC",
  "Disk quota exceeded": "EDQUOT",
  "Disc quota exceeded": "EDQUOT",
  "No such file or directory": "ENOENT",
  "Not a directory": "ENOTDIR",
  "File name too long": "ENAMETOOLONG",
};

/**
 * A folder that a shell has entered: what is done here is done in the folder
 * that was judged, and in no other that took its name or stands where a link
 * leads. All names are of entries of it.
 */
export class EnteredFolder {
  /** Whether what was to be copied was, all of it. */
  readonly hasCopied: boolean;
  readonly #shell: FolderShell;
  readonly #path: string;

  private constructor(
    shell: FolderShell,
    { path, hasCopied }: { readonly path: string; readonly hasCopied: boolean },
  ) {
    this.#shell = shell;
    this.#path = path;
    this.hasCopied = hasCopied;
  }

  /**
   * Enters the folder at a real path, and makes `missing` ones in it, each in
   * the one before.
   *
   * @throws {HostOpFailure} `PERMISSION_DENIED` when it leads elsewhere time
   * and again, or the system refuses; `FILE_WRITE_FAILED`.
   */
  static async enter(
    shell: FolderShell,
    path: string,
    options: EnterOptions = {},
  ): Promise<EnteredFolder> {
    for (let tries = MOST_TRIES; tries > 0; tries--) {
      const at = await enterOnce(shell, path, options);
      if (at !== undefined) return new EnteredFolder(shell, at);
    }
    throw movedAway(path);
  }

  /** Tells whether `name` is the file that was looked at, by its number. */
  async holds(name: string, { ino }: { readonly ino: number | null }) {
    const { output } = await this.#shell.do(`ls -di ${entry(name)}`);
    return ino !== null && /^\s*(\d+) /.exec(output)?.[1] === String(ino);
  }

  /**
   * Gives a finished file its place where nothing is; false when something is.
   * With `isCopied` it is a copy that is made here, which has the group that
   * the folder hands down.
   *
   * @throws {HostOpFailure}
   */
  async add(
    file: Finished & { readonly isCopied: boolean },
  ): Promise<boolean> {
    const here = entry(file.name);
    const there = entry(file.name, "..");
    const copied = this.#throughFolder(file, {
      copy: `cp ${orderWord(file.path)} ${here}`,
      // no hard links in this filesystem: a crash can leave a part
      place: `if ln ${here} .. 2>/dev/null; then :; ` +
        `elif ${exists(there)}; then (exit ${EXISTS}); ` +
        `else (set -C; cat ${here} >${there}) && ${synced(there)}; fi`,
    });
    const { code } = await this.#do(
      file.isCopied
        ? copied
        : `if ln ${orderWord(file.path)} . 2>/dev/null; then :; ` +
          `elif ${exists(here)}; then (exit ${EXISTS}); else ${copied}; fi`,
    );
    return code === 0;
  }

  /**
   * Puts a finished file in the place of the one that has its name. `isNear`
   * says whether it can be moved here as it is, once that is known: two folders
   * of one device can be mounted apart. Returns whether it was.
   *
   * @throws {HostOpFailure}
   */
  async replace(
    file: Finished & { readonly isNear: boolean | undefined },
  ): Promise<boolean> {
    const path = orderWord(file.path);
    const here = entry(file.name);
    // into a folder, under its own name: a link or folder of that name is not gone into
    const moved = `mv -f ${path} .`;
    const copied = this.#throughFolder(file, {
      copy: `${COPY} ${path} ${here}`,
      place: `mv -f ${here} ..`,
    });
    if (file.isNear !== undefined) {
      await this.#do(file.isNear ? moved : copied);
      return file.isNear;
    }
    const probe = entry(temporaryName());
    const { code } = await this.#do(
      `if ln ${path} ${probe} 2>/dev/null; then rm -f ${probe}; ${moved}; ` +
        `else ${copied} && (exit ${COPIED}); fi`,
    );
    return code !== COPIED;
  }

  /**
   * Returns the order that copies a file from elsewhere into a new folder in
   * here that nobody else may change, and places it from there. Nobody else
   * can take that folder out of this one either: that needs the right to write
   * to it.
   */
  #throughFolder(
    file: Finished,
    { copy, place }: { readonly copy: string; readonly place: string },
  ): string {
    const between = temporaryName();
    const path = `${this.#path === "/" ? "" : this.#path}/${between}`;
    return `mkdir -m 700 ./${between} && { ( cd -P ./${between} && ` +
      `[ "$(/bin/pwd -P; echo .)" = ${orderWord(path)}"$nl". ] && ` +
      `case "$(ls -ld .)" in drwx--[-S]---*) ;; *) false ;; esac || ` +
      `exit ${MOVED}; ` +
      `${copy} && ${synced(entry(file.name))} && ${place}; ` +
      `code=$?; rm -f ${entry(file.name)}; exit $code ); ` +
      `code=$?; rmdir ./${between}; (exit $code); }`;
  }

  async #do(order: string): Promise<{ readonly code: number }> {
    for (let tries = MOST_TRIES; tries > 0; tries--) {
      const { code, output } = await this.#shell.do(order);
      if (code === 0 || code === EXISTS || code === COPIED) return { code };
      if (code !== MOVED) throw failed(this.#path, output);
    }
    throw movedAway(this.#path);
  }
}

/** What is done when a folder is entered. */
export interface EnterOptions {
  /** Folders that are made, each in the one before. */
  readonly missing?: readonly string[];
  /**
   * An empty file is made at `to` that has all of the file `name` but its
   * content: mode, owner and group, access control list, extended attributes.
   * With tools that cannot leave the content out, it comes along. What came of
   * it is to be used only when the folder was entered. The system tells of owner
   * and group only by what they are then.
   */
  readonly copied?:
    | { readonly name: string; readonly to: string }
    | undefined;
}

/** A file that is complete and on disk, in a folder that is the daemon's own. */
interface Finished {
  /** The name that it has and will have. */
  readonly name: string;
  /** Where it is. */
  readonly path: string;
}

/** Undefined: a part of the path led elsewhere. */
async function enterOnce(
  shell: FolderShell,
  path: string,
  { missing = [], copied }: EnterOptions,
): Promise<{ readonly path: string; readonly hasCopied: boolean } | undefined> {
  const isAt = (output: string) =>
    output.slice(0, -1).normalize() === at.normalize();
  let at = path;
  const { code, output } = await shell.enter(
    orderWord(path),
    copied && `f=${entry(copied.name)}; [ -f "$f" ] && [ ! -L "$f" ] && ` +
        `${COPY_ATTRIBUTES} "$f" ${orderWord(copied.to)} >/dev/null 2>&1`,
  );
  if (!isAt(output)) {
    // of another file, or a link: the next copy must not begin with it
    if (copied !== undefined) removeNow(copied.to);
    return undefined;
  }
  for (const name of missing) {
    const made = await shell.do(
      `[ -d ${entry(name)} ] || mkdir ${entry(name)}`,
    );
    at = `${at === "/" ? "" : at}/${name}`;
    if (isAt((await shell.enter(entry(name))).output)) continue;
    if (made.code !== 0) throw failed(at, made.output);
    return undefined;
  }
  return { path: at, hasCopied: copied !== undefined && code === 0 };
}

function entry(name: string, folder = "."): string {
  return orderWord(`${folder}/${name}`);
}

function exists(word: string): string {
  return `[ -e ${word} ] || [ -L ${word} ]`;
}

/** Down to the disk; where only all can be synced, all is. */
function synced(word: string): string {
  return `{ sync ${word} 2>/dev/null || sync; }`;
}

function failed(path: string, output: string): HostOpFailure {
  const reason = output.trimEnd().split("\n").at(-1)?.split(": ").at(-1) ?? "";
  const code = SYSTEM_CODES[reason];
  const error = code === undefined
    ? new Error("a tool of the system failed", { cause: output })
    : Object.assign(new Error(), { code });
  return failureOf(error, {
    code: "FILE_WRITE_FAILED",
    doing: `write to ${path}`,
  });
}

/** What to say of a path that leads elsewhere each time that it is gone there. */
export function movedAway(path: string): HostOpFailure {
  return new HostOpFailure(
    "PERMISSION_DENIED",
    `Cannot use ${path}: it leads elsewhere since it was checked, or cannot be entered`,
    {
      retryable: true,
      details: { reason: "moved" },
      hint: "Send it again when nothing else moves the folders of that path.",
    },
  );
}
