import { dirname } from "@std/path";
import { sha256Hex } from "../shared/digest.ts";
import type { Clock } from "../shared/clock.ts";
import { editText, MOST_EDITED_BYTES, tooLong } from "./edit_text.ts";
import { EditWork } from "./edit_work.ts";
import { HostOpFailure, outOfMemory } from "./failure.ts";
import type { Judged } from "./policy.ts";
import { readFile } from "./read_file.ts";
import { asksForFolder, notAFile } from "./regular_file.ts";
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
  deps: EditFileDeps,
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
    if (!edit.dryRun) await syncFolder(dirname(judged.path));
    return done;
  } finally {
    deps.budget.give(memory);
  }
}

/** What is edited, once the input was understood. */
interface FileEdit extends Omit<FileEditInput, "edits"> {
  readonly absolutePath: string;
  readonly edits: readonly Edit[];
}

/** What an edit works with. */
interface EditFileDeps extends WriteFileDeps {
  readonly clock: Clock;
  /** Aborts when nobody waits for it: nothing is written then. */
  readonly signal: AbortSignal;
}

async function change(
  edit: FileEdit,
  judged: Judged,
  deps: EditFileDeps,
): Promise<FileEditResult> {
  const { absolutePath, ifMatch } = edit;
  const { clock, signal } = deps;
  const work = new EditWork({ absolutePath, clock, signal });
  for (let tries = MOST_TRIES;; tries--) {
    work.goOn();
    const { content: old, sha256: sha256Before } = await read(
      edit,
      judged,
      deps,
    );
    if (ifMatch !== undefined && ifMatch.toLowerCase() !== sha256Before) {
      throw changed(edit, sha256Before);
    }
    const { text, changes, replacements } = await editText(old, {
      edits: edit.edits,
      absolutePath,
      work,
    });
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > MOST_EDITED_BYTES) throw tooLong(absolutePath);
    await work.turn();
    const { diff, isCut } = await unifiedDiff(old, text, {
      changes,
      path: absolutePath,
      work,
    });
    const done = {
      absolutePath,
      sha256Before,
      sha256: sha256Hex(bytes),
      replacements,
      bytesWritten: 0,
      atomic: true,
      diff,
      diffTruncated: isCut,
    };
    if (edit.dryRun) return done;
    work.goOn();
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
      return { ...done, bytesWritten: bytes.length, atomic };
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
  if (asksForFolder(path)) throw notAFile(absolutePath);
  const maxBytes = MOST_EDITED_BYTES;
  const { content, sha256, sizeBytes } = await readFile({
    path,
    cwd,
    encoding: "utf8",
    maxBytes,
    absolutePath: judged.path,
  }, deps).catch((error) => {
    const told = error instanceof HostOpFailure ? error.error : undefined;
    if (told?.details?.reason === "not_utf8") throw notText(absolutePath);
    if (told?.code !== "FILE_TOO_LARGE") throw error;
    throw tooLong(absolutePath, Number(told.details?.sizeBytes));
  });
  if (sha256 === null) throw tooLong(absolutePath, sizeBytes);
  return { content: String(content), sha256 };
}

function notText(absolutePath: string): HostOpFailure {
  return new HostOpFailure(
    "FILE_READ_FAILED",
    `Cannot edit ${absolutePath}: it is not valid UTF-8, and edits are made in text`,
    {
      details: { reason: "not_utf8" },
      hint:
        'POST /v1/files/read and then /v1/files/write, both with {"encoding":"base64"}, or POST /v1/exec with sed or a script change any bytes.',
    },
  );
}
