import { dirname } from "@std/path";
import { sha256Hex } from "../shared/digest.ts";
import {
  type EditedText,
  editText,
  MOST_EDITED_BYTES,
  tooLong,
} from "./edit_text.ts";
import { HostOpFailure, outOfMemory } from "./failure.ts";
import type { Judged } from "./policy.ts";
import { readFile } from "./read_file.ts";
import { notAFile } from "./regular_file.ts";
import type { FileEditInput, FileEditResult } from "./results.ts";
import type { Edit } from "./schemas.ts";
import { syncFolder } from "./staging.ts";
import { unifiedDiff } from "./unified_diff.ts";
import { changed, put, type WriteFileDeps } from "./write_file.ts";

/** How often to begin again when others change the file meanwhile. */
const MOST_TRIES = 10;

/** What a character may take: as it was read, as it is written, and as bytes. */
const BYTES_EACH = 4;

/**
 * Replaces texts in a file, all or none: reads it, and writes it as
 * `files/write` does with the hash of what was read, so that nobody's change is
 * lost. Editors of one file inside this process take turns.
 *
 * @throws {HostOpFailure}
 * @throws the system's errors.
 */
export async function editFile(
  edit: FileEdit,
  deps: WriteFileDeps,
): Promise<FileEditResult> {
  const { absolutePath } = edit;
  const judged = await deps.guard.admit(absolutePath, "write");
  const size = judged.info?.size ?? 0;
  if (size > MOST_EDITED_BYTES) throw tooLong(absolutePath, size);
  const memory = size * BYTES_EACH;
  if (!deps.budget.take(memory)) throw outOfMemory("edit", deps.budget);
  try {
    const done = await deps.locks.run(
      judged.path,
      () => change(edit, judged, deps),
    );
    const { old, edited, bytesWritten, sha256Before, sha256, atomic } = done;
    if (!edit.dryRun) await syncFolder(dirname(judged.path));
    const { diff, isCut } = unifiedDiff(old, edited.text, {
      changes: edited.changes,
      path: absolutePath,
    });
    return {
      absolutePath,
      sha256Before,
      sha256,
      replacements: edited.replacements,
      bytesWritten,
      atomic,
      diff,
      diffTruncated: isCut,
    };
  } finally {
    deps.budget.give(memory);
  }
}

/** What is edited, once the input was understood. */
interface FileEdit extends Omit<FileEditInput, "edits"> {
  readonly absolutePath: string;
  readonly edits: readonly Edit[];
}

interface Changed extends
  Pick<
    FileEditResult,
    "sha256Before" | "sha256" | "bytesWritten" | "atomic"
  > {
  readonly old: string;
  readonly edited: EditedText;
}

async function change(
  edit: FileEdit,
  judged: Judged,
  deps: WriteFileDeps,
): Promise<Changed> {
  for (let tries = MOST_TRIES;; tries--) {
    const { content: old, sha256: sha256Before } = await read(
      edit,
      judged,
      deps,
    );
    const { absolutePath, ifMatch } = edit;
    if (ifMatch !== undefined && ifMatch.toLowerCase() !== sha256Before) {
      throw changed(edit, sha256Before);
    }
    const edited = await editText(old, edit);
    const bytes = new TextEncoder().encode(edited.text);
    if (bytes.length > MOST_EDITED_BYTES) throw tooLong(absolutePath);
    const sha256 = sha256Hex(bytes);
    if (edit.dryRun) {
      return {
        old,
        edited,
        bytesWritten: 0,
        sha256Before,
        sha256,
        atomic: true,
      };
    }
    try {
      const { atomic } = await put(
        {
          path: edit.path,
          cwd: edit.cwd,
          encoding: "utf8",
          createParents: false,
          overwrite: true,
          absolutePath,
          bytes,
          ifMatch: sha256Before,
          isFresh: true,
        },
        judged,
        deps,
      );
      const bytesWritten = bytes.length;
      return { old, edited, bytesWritten, sha256Before, sha256, atomic };
    } catch (error) {
      const isOvertaken = error instanceof HostOpFailure &&
        error.error.code === "FILE_CHANGED" && ifMatch === undefined;
      if (!isOvertaken || tries <= 1) throw error;
    }
  }
}

async function read(
  edit: FileEdit,
  judged: Judged,
  deps: WriteFileDeps,
): Promise<{ readonly content: string; readonly sha256: string }> {
  const { absolutePath, path, cwd } = edit;
  if (path.endsWith("/")) throw notAFile(absolutePath);
  const maxBytes = MOST_EDITED_BYTES;
  const { content, sha256, sizeBytes } = await readFile({
    path,
    cwd,
    encoding: "utf8",
    maxBytes,
    absolutePath: judged.path,
  }, deps).catch((error) => {
    const told = error instanceof HostOpFailure ? error.error : undefined;
    if (told?.code !== "FILE_TOO_LARGE") throw error;
    throw tooLong(absolutePath, Number(told.details?.sizeBytes));
  });
  if (sha256 === null) throw tooLong(absolutePath, sizeBytes);
  return { content: String(content), sha256 };
}
