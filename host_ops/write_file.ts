import { createHash } from "node:crypto";
import { basename, dirname } from "@std/path";
import type { ByteBudget } from "../shared/byte_budget.ts";
import { isoTime } from "../shared/clock.ts";
import { sha256Hex } from "../shared/digest.ts";
import { HostOpFailure, outOfMemory, systemCodeOf } from "./failure.ts";
import type { FileGuard } from "./file_guard.ts";
import type { FileLocks } from "./file_locks.ts";
import type { Judged } from "./policy.ts";
import { identityOf, lstatNow } from "./real_path.ts";
import { MOST_HASHED_BYTES } from "./read_file.ts";
import { asksForFolder, notAFile, type RegularFile } from "./regular_file.ts";
import type { FileWriteInput, FileWriteResult } from "./results.ts";
import { type StagedFile, type Staging, syncFolder } from "./staging.ts";

/** What a filesystem without hard links says, and one that is another. */
const NO_LINK = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
  "EINVAL",
  "EXDEV",
]);

/** How often to begin again when others make or remove the file meanwhile. */
const MOST_TRIES = 10;

/**
 * Writes a file so that whoever reads it sees the old content or the new one,
 * also after a crash, unless the result says `atomic: false`. Writers of one
 * file inside this process take turns, so that `ifMatch` and `created` are
 * exact among them.
 *
 * @throws {HostOpFailure}
 * @throws the system's errors.
 */
export async function writeFile(
  write: FileWrite,
  deps: WriteFileDeps,
): Promise<FileWriteResult> {
  const { absolutePath, bytes, encoding } = write;
  if (!deps.budget.take(bytes.length)) throw outOfMemory("write", deps.budget);
  try {
    const judged = await deps.guard.admit(absolutePath, "write");
    refuseAtOnce(write, judged.info);
    const done = await deps.locks.run(
      judged.path,
      () => put(write, judged, deps),
    );
    await syncFolder(dirname(judged.path));
    return {
      absolutePath,
      bytesWritten: bytes.length,
      created: done.created,
      atomic: done.atomic,
      modifiedAt: isoTime(done.modifiedAt.getTime()),
      encoding,
      sha256: done.sha256 === undefined ? sha256Hex(bytes) : done.sha256,
    };
  } finally {
    deps.budget.give(bytes.length);
  }
}

/** What writing needs. */
export interface WriteFileDeps {
  readonly guard: FileGuard;
  readonly staging: Staging;
  readonly budget: ByteBudget;
  readonly locks: FileLocks;
}

/** What is written where, once the input was understood. */
interface FileWrite extends Omit<FileWriteInput, "content"> {
  readonly absolutePath: string;
  readonly bytes: Uint8Array;
  /** Whether the file had the hash that it must have a moment ago. */
  readonly isFresh?: boolean;
}

/** How it was written. */
interface Written {
  readonly created: boolean;
  readonly atomic: boolean;
  readonly modifiedAt: Date;
  /** Not given: that of what was written. */
  readonly sha256?: string | null;
}

/** Refuses what can be seen to fail before anything is written. */
function refuseAtOnce(write: FileWrite, info: Deno.FileInfo | undefined): void {
  const { absolutePath, overwrite, ifMatch } = write;
  if (asksForFolder(write.path) || info?.isFile === false) {
    throw notAFile(absolutePath);
  }
  if (info === undefined && ifMatch !== undefined) throw changed(write, null);
  if (info !== undefined && !overwrite) throw alreadyThere(write);
}

/** Writes, once nobody else in this process does something to the file. */
export async function put(
  write: FileWrite,
  judged: Judged,
  deps: WriteFileDeps,
): Promise<Written> {
  for (let tries = MOST_TRIES; tries > 0; tries--) {
    const current = lstatNow(judged.path);
    refuseAtOnce(write, current);
    const written = current === undefined
      ? await create(write, judged, deps)
      : write.append
      ? await addTo(write, judged, deps)
      : await replace(write, judged, deps);
    if (written !== undefined) return written;
    // somebody was quicker: there is something now, or nothing
    if (current === undefined && !write.overwrite) throw alreadyThere(write);
  }
  throw new HostOpFailure(
    "FILE_WRITE_FAILED",
    `Cannot write ${write.absolutePath}: others make and remove it meanwhile`,
    { retryable: true },
  );
}

/** Undefined: there is something already. */
async function create(
  write: FileWrite,
  { path, root }: Judged,
  { guard, staging }: WriteFileDeps,
): Promise<Written | undefined> {
  const folder = dirname(path);
  await expectFolder(folder, { write, isPlain: root === undefined });
  await using file = await staging.place(basename(path));
  const modifiedAt = await file.write(write.bytes);
  const isCopied = !await giveGroupOf(folder, file);
  const isPlain = root === undefined && !isCopied;
  const isNew = (isPlain ? await linked(file, path) : undefined) ??
    await guard.within(
      folder,
      (entered) => entered.add({ name: file.name, path: file.path, isCopied }),
      { makeMissing: write.createParents },
    );
  return isNew ? { created: true, atomic: true, modifiedAt } : undefined;
}

/** Undefined: there is nothing any more, or another file than was judged. */
async function addTo(
  write: FileWrite,
  { path }: Judged,
  { guard }: WriteFileDeps,
): Promise<Written | undefined> {
  await using opened = await openOld(path, guard, "append");
  if (opened === undefined) return undefined;
  const { file, busy } = opened;
  if (busy !== undefined) throw busy;
  if (!await isAsItWas(write, file.info, { path, guard })) return undefined;
  const modifiedAt = await file.append(write.bytes);
  const size = file.info.size + write.bytes.length;
  const sha256 = size > MOST_HASHED_BYTES
    ? null
    : await hashOf(file.info, { path, guard }).catch(() => null) ?? null;
  return { created: false, atomic: false, modifiedAt, sha256 };
}

/** Undefined: there is nothing any more, or another file than was judged. */
async function replace(
  write: FileWrite,
  { path }: Judged,
  { guard, staging }: WriteFileDeps,
): Promise<Written | undefined> {
  await using opened = await openOld(path, guard, "write");
  if (opened === undefined) return undefined;
  const old = opened.file;
  const { info } = old;
  if (!write.isFresh && !await matches(write, info, { path, guard })) {
    return undefined;
  }
  const inPlace = async () => {
    if (opened.busy !== undefined) throw opened.busy;
    if (!await isAsItWas(write, info, { path, guard })) return undefined;
    const modifiedAt = await old.rewrite(write.bytes);
    return { created: false, atomic: false, modifiedAt };
  };
  // another file in its place would leave its other names behind
  if (info.nlink > 1) return await inPlace();
  const folder = dirname(path);
  await using file = await staging.place(basename(path));
  return await guard.within(folder, async (entered) => {
    const isKept = await entered.copyAttributes(file.name, file.path);
    const copy = isKept ? await file.info() : undefined;
    if (!copy?.isFile || copy.uid !== info.uid || copy.gid !== info.gid) {
      return await inPlace();
    }
    const modifiedAt = await file.write(write.bytes, info.mode & 0o1777);
    if (!await isAsItWas(write, info, { path, guard })) return undefined;
    const isNear = copy.dev === info.dev && staging.isNear(folder);
    try {
      staging.rememberNear(
        folder,
        await entered.replace({ name: file.name, path: file.path, isNear }),
      );
    } catch (error) {
      if (!isRefused(error)) throw error;
      // a folder that may not be written to, with a file in it that may
      return await inPlace();
    }
    return { created: false, atomic: true, modifiedAt };
  });
}

/** The last look: nobody has changed it, whom it belongs to, or who may use it. */
async function isAsItWas(
  write: FileWrite,
  info: RegularFile["info"],
  at: { readonly path: string; readonly guard: FileGuard },
): Promise<boolean> {
  if (!await matches(write, info, at)) return false;
  const now = lstatNow(at.path);
  return now !== undefined && identityOf(now) === identityOf(info) &&
    now.mode === info.mode && now.uid === info.uid && now.gid === info.gid &&
    now.nlink === info.nlink;
}

/**
 * Tells whether the file has the content that it must have; false: another is
 * there by now.
 *
 * @throws {HostOpFailure} `FILE_CHANGED`.
 */
async function matches(
  write: FileWrite,
  info: RegularFile["info"],
  at: { readonly path: string; readonly guard: FileGuard },
): Promise<boolean> {
  if (write.ifMatch === undefined) return true;
  const hash = await hashOf(info, at);
  if (hash === undefined || hash === write.ifMatch.toLowerCase()) {
    return hash !== undefined;
  }
  throw changed(write, hash);
}

function isRefused(error: unknown): boolean {
  return error instanceof HostOpFailure &&
    error.error.details?.reason === "system";
}

/**
 * Opens the file at a real path; undefined: there is none any more, or it is
 * elsewhere. `busy` says why it cannot be written to, though it can be
 * replaced: it runs.
 */
async function openOld(
  path: string,
  guard: FileGuard,
  opening: "write" | "append",
): Promise<
  | AsyncDisposable & { readonly file: RegularFile; readonly busy?: unknown }
  | undefined
> {
  let file: RegularFile;
  let busy: unknown;
  try {
    file = await guard.open(path, "write", { opening });
  } catch (error) {
    if (isGone(error)) return undefined;
    if (systemCodeOf(error) !== "ETXTBSY") throw error;
    busy = error;
    file = await guard.open(path, "write", { opening: "read" });
  }
  const close = () => file[Symbol.asyncDispose]();
  if (file.path === path) return { file, busy, [Symbol.asyncDispose]: close };
  await close();
  return undefined;
}

function isGone(error: unknown): boolean {
  return error instanceof HostOpFailure
    ? error.error.code === "FILE_NOT_FOUND"
    : systemCodeOf(error) === "ENOENT";
}

async function expectFolder(
  folder: string,
  { write, isPlain }: { readonly write: FileWrite; readonly isPlain: boolean },
): Promise<void> {
  const info = lstatNow(folder);
  if (info?.isDirectory) return;
  if (info === undefined && write.createParents) {
    if (isPlain) await Deno.mkdir(folder, { recursive: true });
    return;
  }
  const [reason, what] = info === undefined
    ? ["parent_not_found", "does not exist and createParents=false"]
    : ["parent_not_a_directory", "is not a directory"];
  throw new HostOpFailure(
    "FILE_WRITE_FAILED",
    `Cannot write ${write.absolutePath}: its folder ${folder} ${what}`,
    { details: { reason } },
  );
}

/**
 * A file made in a folder whose group is handed down would have had it. False:
 * it cannot be given from here.
 */
async function giveGroupOf(folder: string, file: StagedFile): Promise<boolean> {
  const info = lstatNow(folder);
  const isHandedDown = Deno.build.os === "darwin" ||
    ((info?.mode ?? 0) & 0o2000) !== 0;
  if (info === undefined || !isHandedDown) return true;
  if ((await file.info()).gid === info.gid) return true;
  try {
    await Deno.chown(file.path, null, info.gid);
    return true;
  } catch {
    return false;
  }
}

/**
 * A link is the one way to put a whole file in place that replaces nothing.
 * False: there is something. Undefined: it takes another way to get there.
 */
async function linked(
  file: StagedFile,
  path: string,
): Promise<boolean | undefined> {
  try {
    await Deno.link(file.path, path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    const isUnsupported = error instanceof Deno.errors.NotSupported ||
      NO_LINK.has(systemCodeOf(error) ?? "");
    if (isUnsupported) return undefined;
    throw error;
  }
}

/** Undefined: another file is there by now. */
async function hashOf(
  info: RegularFile["info"],
  { path, guard }: { readonly path: string; readonly guard: FileGuard },
): Promise<string | undefined> {
  await using file = await guard.open(path, "read");
  if (identityOf(file.info) !== identityOf(info)) return undefined;
  const hash = createHash("sha256");
  const buffer = new Uint8Array(262_144);
  let position = 0;
  while (true) {
    const count = await file.read(buffer, position);
    if (count === 0) return hash.digest("hex");
    hash.update(buffer.subarray(0, count));
    position += count;
  }
}

function alreadyThere(write: FileWrite): HostOpFailure {
  return new HostOpFailure(
    "FILE_ALREADY_EXISTS",
    `File already exists at ${write.absolutePath} and overwrite=false.`,
    { details: { overwrite: write.overwrite } },
  );
}

/** What to say of a file that is not what was expected. */
export function changed(
  { absolutePath, ifMatch }: Pick<FileWrite, "absolutePath" | "ifMatch">,
  hash: string | null,
): HostOpFailure {
  const what = hash === null ? "does not exist" : "has changed";
  return new HostOpFailure(
    "FILE_CHANGED",
    `Cannot write ${absolutePath}: the file ${what}; read it again`,
    {
      details: { ifMatch: ifMatch ?? null, sha256: hash },
      hint:
        "POST /v1/files/read answers the sha256 to give as ifMatch; files/edit needs none.",
    },
  );
}
