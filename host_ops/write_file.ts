import { dirname } from "@std/path";
import { isoTime } from "../shared/clock.ts";
import { createFile } from "./create_file.ts";
import { HostOpFailure, outOfMemory } from "./failure.ts";
import {
  changed,
  type FileWrite,
  type WriteFileDeps,
  type Written,
} from "./file_write.ts";
import type { Judged } from "./policy.ts";
import { lstatNow } from "./real_path.ts";
import { asksForFolder, notAFile } from "./regular_file.ts";
import { appendToFile, replaceFile } from "./replace_file.ts";
import type { FileWriteResult } from "./results.ts";
import { syncFolder } from "./staging.ts";

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
    const judged = await deps.guard.policy.admit(absolutePath, "write");
    const { modifiedAt, ...done } = await deps.locks.run(
      judged.path,
      () => put(write, judged, deps),
    );
    return {
      absolutePath,
      bytesWritten: bytes.length,
      ...done,
      modifiedAt: isoTime(modifiedAt.getTime()),
      encoding,
    };
  } finally {
    deps.budget.give(bytes.length);
  }
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

/**
 * Writes, once nobody else in this process does something to the file.
 *
 * @throws as {@linkcode writeFile}.
 */
export async function put(
  write: FileWrite,
  judged: Judged,
  deps: WriteFileDeps,
): Promise<Written> {
  for (let tries = MOST_TRIES; tries > 0; tries--) {
    await deps.staging.tidy();
    const current = lstatNow(judged.path);
    refuseAtOnce(write, current);
    const doWrite = current === undefined
      ? createFile
      : write.append
      ? appendToFile
      : replaceFile;
    const written = await doWrite(write, judged, deps);
    if (written !== undefined) {
      await syncFolder(dirname(judged.path));
      return written;
    }
    // somebody was quicker: there is something now, or nothing
    if (current === undefined && !write.overwrite) throw alreadyThere(write);
  }
  throw new HostOpFailure(
    "FILE_WRITE_FAILED",
    `Cannot write ${write.absolutePath}: others make and remove it meanwhile`,
    { retryable: true, hint: "Send it again when the others are done." },
  );
}

function alreadyThere(write: FileWrite): HostOpFailure {
  return new HostOpFailure(
    "FILE_ALREADY_EXISTS",
    `File already exists at ${write.absolutePath} and overwrite=false.`,
    {
      details: { overwrite: write.overwrite },
      hint:
        "Choose another path, or send it again with overwrite: true; POST /v1/files/edit changes a part.",
    },
  );
}
