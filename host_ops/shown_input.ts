import { sha256Hex } from "../shared/digest.ts";
import type { FileWriteInput } from "./results.ts";

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
