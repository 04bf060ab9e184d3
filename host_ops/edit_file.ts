import { sha256Hex } from "../shared/digest.ts";
import type { Clock } from "../shared/clock.ts";
import { editText, MOST_EDITED_BYTES, tooLong } from "./edit_text.ts";
import { EditWork } from "./edit_work.ts";
import { HostOpFailure, outOfMemory } from "./failure.ts";
import { changed, type WriteFileDeps } from "./file_write.ts";
import type { Judged } from "./policy.ts";
import { readPart } from "./read_file.ts";
import { asksForFolder, notAFile } from "./regular_file.ts";
import type { FileEditInput, FileEditResult } from "./results.ts";
import type { Edit } from "./schemas.ts";
import { unifiedDiff } from "./unified_diff.ts";
import { decodeStrictly } from "./utf8.ts";
import { put } from "./write_file.ts";

/** How often to begin again when others change the file meanwhile. */
const MOST_TRIES = 10;

/** What a byte of it may take, beside itself: as text, edited, and as bytes again. */
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
  const judged = await deps.guard.policy.admit(absolutePath, "write");
  const size = judged.info?.size ?? 0;
  if (size > MOST_EDITED_BYTES) throw tooLong(absolutePath, size);
  const memory = size * BYTES_EACH;
  if (!deps.budget.take(memory)) throw outOfMemory("edit", deps.budget);
  try {
    return await deps.locks.run(
      judged.path,
      () => change(edit, judged, deps),
    );
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
    await using file = await deps.guard.open(judged.path, "read");
    if (asksForFolder(edit.path)) throw notAFile(absolutePath);
    using read = await readPart(file, {
      expected: file.info.size + 1,
      most: MOST_EDITED_BYTES + 1,
      isHashed: false,
      budget: deps.budget,
    });
    if (read.bytes.length > MOST_EDITED_BYTES) {
      throw tooLong(absolutePath, file.info.size);
    }
    // by another thread, while this one edits
    const hashed = crypto.subtle.digest("SHA-256", read.bytes)
      .then((it) => new Uint8Array(it).toHex());
    const old = decodeStrictly(read.bytes);
    if (old === undefined) throw notText(absolutePath);
    if (ifMatch !== undefined && ifMatch.toLowerCase() !== await hashed) {
      throw changed(edit, await hashed);
    }
    work.goOn();
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
    work.goOn();
    const sha256Before = await hashed;
    try {
      const written = edit.dryRun ? undefined : await put(
        {
          path: edit.path,
          cwd: edit.cwd,
          encoding: "utf8",
          createParents: false,
          overwrite: true,
          absolutePath,
          bytes,
          ifMatch: sha256Before,
          seen: { file, bytes: read.bytes },
        },
        judged,
        deps,
      );
      return {
        absolutePath,
        sha256Before,
        sha256: written?.sha256 ?? sha256Hex(bytes),
        replacements,
        bytesWritten: written === undefined ? 0 : bytes.length,
        atomic: written?.atomic ?? true,
        diff,
        diffTruncated: isCut,
      };
    } catch (error) {
      const isOvertaken = error instanceof HostOpFailure &&
        error.error.code === "FILE_CHANGED" && ifMatch === undefined;
      if (!isOvertaken || tries <= 1) throw error;
    }
  }
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
