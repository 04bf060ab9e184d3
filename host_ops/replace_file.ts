import { createHash } from "node:crypto";
import { basename, dirname } from "@std/path";
import { sha256Hex } from "../shared/digest.ts";
import { systemCodeOf } from "../shared/system_reason.ts";
import { HostOpFailure } from "./failure.ts";
import type { FileGuard } from "./file_guard.ts";
import {
  changed,
  type FileWrite,
  type WriteFileDeps,
  type Written,
} from "./file_write.ts";
import type { Judged } from "./policy.ts";
import { MOST_HASHED_BYTES } from "./read_file.ts";
import { identityOf, lstatNow } from "./real_path.ts";
import { holds, piecesOf, type RegularFile } from "./regular_file.ts";

/**
 * Puts another content where a file is; it keeps all else that it has.
 * Undefined: there is nothing any more, or another file than was judged.
 *
 * @throws {HostOpFailure}
 * @throws the system's errors.
 */
export async function replaceFile(
  write: FileWrite,
  judged: Judged,
  { guard, staging }: WriteFileDeps,
): Promise<Written | undefined> {
  await using opened = await openOld(judged, guard, "write");
  if (opened === undefined) return undefined;
  const { file: old, busy } = opened;
  const { info, path } = old;
  const isFresh = write.seen !== undefined;
  if (!isFresh && !await matches(write, old, guard)) return undefined;
  const inPlace = async () => {
    if (busy !== undefined) throw busy;
    if (!await isAsItWas(write, old, guard)) return undefined;
    const modifiedAt = await old.rewrite(write.bytes);
    const sha256 = sha256Hex(write.bytes);
    return { created: false, atomic: false, modifiedAt, sha256 };
  };
  // another file in its place would leave its other names behind
  if (info.nlink > 1) return await inPlace();
  const folder = dirname(path);
  const name = basename(path);
  using file = staging.place(name);
  return await guard.within(folder, async (entered) => {
    const copy = entered.hasCopied ? file.info() : undefined;
    if (!copy?.isFile || copy.uid !== info.uid || copy.gid !== info.gid) {
      return await inPlace();
    }
    const written = await file.write(write.bytes, info.mode & 0o1777);
    if (!await isAsItWas(write, old, guard)) return undefined;
    const isNear = copy.dev === info.dev && staging.isNear(folder);
    try {
      staging.rememberNear(
        folder,
        await entered.replace({ name, path: file.path, isNear }),
      );
    } catch (error) {
      if (!isRefused(error)) throw error;
      // a folder that may not be written to, with a file in it that may
      return await inPlace();
    }
    return { created: false, atomic: true, ...written };
  }, { copied: { name, to: file.path } });
}

/**
 * Adds to a file that is there. Undefined: as of {@linkcode replaceFile}.
 *
 * @throws as {@linkcode replaceFile}.
 */
export async function appendToFile(
  write: FileWrite,
  judged: Judged,
  { guard }: WriteFileDeps,
): Promise<Written | undefined> {
  await using opened = await openOld(judged, guard, "append");
  if (opened === undefined) return undefined;
  const { file, busy } = opened;
  if (busy !== undefined) throw busy;
  if (!await isAsItWas(write, file, guard)) return undefined;
  const modifiedAt = await file.append(write.bytes);
  const size = file.info.size + write.bytes.length;
  const sha256 = size > MOST_HASHED_BYTES
    ? null
    : await hashOf(file, guard).catch(() => null) ?? null;
  return { created: false, atomic: false, modifiedAt, sha256 };
}

/** The last look: nobody has changed it, whom it belongs to, or who may use it. */
async function isAsItWas(
  write: FileWrite,
  old: RegularFile,
  guard: FileGuard,
): Promise<boolean> {
  if (!await matches(write, old, guard)) return false;
  const { info } = old;
  const now = lstatNow(old.path);
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
  old: RegularFile,
  guard: FileGuard,
): Promise<boolean> {
  const { ifMatch, seen } = write;
  if (ifMatch === undefined) return true;
  const isSeen = seen !== undefined &&
    identityOf(seen.file.info) === identityOf(old.info);
  if (isSeen && await holds(seen.file, seen.bytes)) return true;
  const hash = await hashOf(old, guard);
  if (hash === undefined || hash === ifMatch.toLowerCase()) {
    return hash !== undefined;
  }
  throw changed(write, hash);
}

/** Undefined: another file is there by now. */
async function hashOf(
  { info, path }: RegularFile,
  guard: FileGuard,
): Promise<string | undefined> {
  await using file = await guard.open(path, "read");
  if (identityOf(file.info) !== identityOf(info)) return undefined;
  const hash = createHash("sha256");
  for await (const piece of piecesOf(file)) hash.update(piece);
  return hash.digest("hex");
}

/**
 * Opens the file that was judged; undefined: there is none any more, or it is
 * elsewhere. `busy` says why it cannot be written to, though it can be
 * replaced: it runs.
 */
async function openOld(
  judged: Judged,
  guard: FileGuard,
  opening: "write" | "append",
): Promise<
  | AsyncDisposable & { readonly file: RegularFile; readonly busy?: unknown }
  | undefined
> {
  const { path } = judged;
  let file: RegularFile;
  let busy: unknown;
  try {
    file = await guard.open(path, "write", { opening, judged });
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

function isRefused(error: unknown): boolean {
  return error instanceof HostOpFailure &&
    error.error.details?.reason === "system";
}
