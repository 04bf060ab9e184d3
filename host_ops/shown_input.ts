import { sha256Hex } from "../shared/digest.ts";
import type { FileEditInput, FileWriteInput } from "./results.ts";
import type { Edit } from "./schemas.ts";

/** The longest content that an answer repeats, in bytes. */
const MOST_SHOWN_BYTES = 1_024;

/** Returns a request of `files/write` as answers show it, long contents left out. */
export function shownWrite(
  { content, ...rest }: FileWriteInput & { readonly content: string },
  /** What the content stands for, as far as that was found out. */
  { bytes, sha256 }: {
    readonly bytes?: Uint8Array | undefined;
    readonly sha256?: string | undefined;
  } = {},
): FileWriteInput {
  const meant = bytes ?? new TextEncoder().encode(content);
  return content.length <= MOST_SHOWN_BYTES && meant.length <= MOST_SHOWN_BYTES
    ? { ...rest, content }
    : {
      ...rest,
      contentBytes: meant.length,
      contentSha256: sha256 ?? sha256Hex(meant),
    };
}

/** Returns a request of `files/edit` as answers show it: no texts. */
export function shownEdit<Input extends { readonly edits: readonly Edit[] }>(
  { edits, ...rest }: Input,
): Omit<Input, "edits"> & Pick<FileEditInput, "edits"> {
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  return {
    ...rest,
    edits: edits.map((it) => ({
      oldBytes: bytes(it.old),
      newBytes: bytes(it.new),
      all: it.all,
    })),
  };
}
