import type { ByteBudget } from "../shared/byte_budget.ts";
import { HostOpFailure } from "./failure.ts";
import type { FileGuard } from "./file_guard.ts";
import type { FileLocks } from "./file_locks.ts";
import type { RegularFile } from "./regular_file.ts";
import type { FileWriteInput } from "./results.ts";
import type { Staging } from "./staging.ts";

/** What is written where, once the input was understood. */
export interface FileWrite extends Omit<FileWriteInput, "content"> {
  readonly absolutePath: string;
  readonly bytes: Uint8Array;
  /** What the file held when it was read, which had the hash of `ifMatch`. */
  readonly seen?: { readonly file: RegularFile; readonly bytes: Uint8Array };
}

/** How it was written. */
export interface Written {
  readonly created: boolean;
  readonly atomic: boolean;
  readonly modifiedAt: Date;
  /** Of the whole file; null where that is not known. */
  readonly sha256: string | null;
}

/** What writing needs. */
export interface WriteFileDeps {
  readonly guard: FileGuard;
  readonly staging: Staging;
  readonly budget: ByteBudget;
  readonly locks: FileLocks;
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
