import { createHash } from "node:crypto";
import { dirname } from "@std/path";
import { isoTime } from "../shared/clock.ts";
import type { ByteBudget } from "../shared/byte_budget.ts";
import { sha256Hex } from "../shared/digest.ts";
import { HostOpFailure, outOfMemory, systemCodeOf } from "./failure.ts";
import type { PathPolicy } from "./policy.ts";
import { lstatIfThere } from "./real_path.ts";
import {
  expectUnmoved,
  expectWritable,
  notAFile,
  openRegularFile,
} from "./regular_file.ts";
import type { FileWriteInput, FileWriteResult } from "./results.ts";
import {
  removeQuietly,
  type Sweeper,
  syncFolder,
  type TemporaryFile,
  writeNewFile,
  writeTemporaryFile,
} from "./temporary_file.ts";

/** What a filesystem without hard links says. */
const NO_LINKS = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
  "EINVAL",
]);

/**
 * Writes a file so that whoever reads it sees the old content or the new one,
 * also after a crash. Writers of one path inside this process take turns, so
 * that `ifMatch` and `created` are exact among them.
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
    const { path, info } = await deps.policy.admit(absolutePath, "write");
    refuseAtOnce(write, info);
    if (info !== undefined) await expectWritable(path);
    const folder = dirname(path);
    await prepareFolder(folder, write);
    await deps.sweeper.sweep(folder);

    const temporary = await writeTemporaryFile(folder, bytes, info);
    let created: boolean;
    try {
      await expectUnmoved(folder);
      created = await deps.locks.run(
        path,
        () => putInPlace(temporary, path, write),
      );
    } finally {
      // gone already where it was renamed
      await removeQuietly(temporary.path);
    }
    await syncFolder(folder);
    return {
      absolutePath,
      bytesWritten: bytes.length,
      created,
      modifiedAt: isoTime(temporary.modifiedAt.getTime()),
      encoding,
      sha256: sha256Hex(bytes),
    };
  } finally {
    deps.budget.give(bytes.length);
  }
}

/** What writing needs. */
export interface WriteFileDeps {
  readonly policy: PathPolicy;
  readonly budget: ByteBudget;
  readonly locks: PathLocks;
  readonly sweeper: Sweeper;
}

/** What is written where, once the input was understood. */
interface FileWrite extends FileWriteInput {
  readonly absolutePath: string;
  readonly bytes: Uint8Array;
}

/** Refuses what can be seen to fail before anything is written. */
function refuseAtOnce(write: FileWrite, info: Deno.FileInfo | undefined): void {
  const { absolutePath, overwrite, ifMatch } = write;
  if (write.path.endsWith("/") || info?.isFile === false) {
    throw notAFile(absolutePath);
  }
  if (info === undefined && ifMatch !== undefined) throw changed(write, null);
  if (info !== undefined && !overwrite) throw alreadyThere(write);
}

async function prepareFolder(folder: string, write: FileWrite): Promise<void> {
  const info = await lstatIfThere(folder);
  if (info?.isDirectory) return;
  if (info === undefined && write.createParents) {
    return await Deno.mkdir(folder, { recursive: true });
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

/** Puts the finished file in its place; tells whether there was none before. */
async function putInPlace(
  temporary: TemporaryFile,
  path: string,
  write: FileWrite,
): Promise<boolean> {
  if (!write.overwrite) {
    await putWhereNothingIs(temporary, path, write);
    return true;
  }
  const current = await lstatIfThere(path);
  if (current !== undefined && !current.isFile) {
    throw notAFile(write.absolutePath);
  }
  if (write.ifMatch !== undefined) {
    const hash = current === undefined ? null : await hashOf(path);
    if (hash !== write.ifMatch.toLowerCase()) throw changed(write, hash);
  }
  await Deno.rename(temporary.path, path);
  return current === undefined;
}

/** A link is the one way to put a whole file in place that replaces nothing. */
async function putWhereNothingIs(
  temporary: TemporaryFile,
  path: string,
  write: FileWrite,
): Promise<void> {
  try {
    await Deno.link(temporary.path, path).catch(async (error) => {
      const unsupported = error instanceof Deno.errors.NotSupported ||
        NO_LINKS.has(systemCodeOf(error) ?? "");
      if (!unsupported) throw error;
      // a crash can leave a part of this one, but nothing is replaced
      await writeNewFile(path, write.bytes);
    });
  } catch (error) {
    throw error instanceof Deno.errors.AlreadyExists
      ? alreadyThere(write)
      : error;
  }
}

async function hashOf(path: string): Promise<string> {
  await using file = await openRegularFile(path);
  const hash = createHash("sha256");
  const buffer = new Uint8Array(65_536);
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

function changed(write: FileWrite, hash: string | null): HostOpFailure {
  const what = hash === null ? "does not exist" : "has changed";
  return new HostOpFailure(
    "FILE_CHANGED",
    `Cannot write ${write.absolutePath}: the file ${what}; read it again`,
    { details: { ifMatch: write.ifMatch ?? null, sha256: hash } },
  );
}

/** Lets one at a time do something to a path. */
export class PathLocks {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `action` once all that was given before for `path` has settled. */
  async run<T>(path: string, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(path);
    const mine = before === undefined ? action() : before.then(action);
    const settled = mine.catch(() => {});
    this.#last.set(path, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(path) === settled) this.#last.delete(path);
    }
  }
}
