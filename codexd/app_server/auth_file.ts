import { createHmac } from "node:crypto";
import { z } from "zod";
import { fileStamp } from "./file_stamp.ts";

const Text = z.string().min(1).nullish().catch(null);
const Contents = z.looseObject({
  OPENAI_API_KEY: Text,
  tokens: z.looseObject({ account_id: Text, id_token: Text }).nullish()
    .catch(null),
});

/** A login as the file holds it that `codex login` writes. */
export interface StoredLogin {
  /** Changes with the file; null: there is none. */
  readonly stamp: string | null;
  readonly mode: "apiKey" | "chatgpt" | null;
  /** A keyed hash of whose login it is; null: of nobody's. */
  readonly fingerprint: string | null;
}

/** Writing it takes no longer. */
const WRITING_MS = 5000;

/** Nobody is logged in. */
const NOBODY = { mode: null, fingerprint: null } as const;

/**
 * Reads whose login a file holds; `key` keeps the hash from being guessed. A
 * token that is refreshed changes the file, but not whose it is. `before`: what
 * was read last, which still holds when the file has not changed, and while it
 * is being written (`now`: the wall clock, in ms).
 */
export async function readAuthFile(
  path: string,
  { key, now, before }: {
    readonly key: string;
    readonly now: number;
    readonly before: StoredLogin | undefined;
  },
): Promise<StoredLogin> {
  const stamp = await fileStamp(path);
  if (before?.stamp === stamp) return before;
  if (stamp === null) return { stamp, ...NOBODY };
  let contents: z.infer<typeof Contents>;
  try {
    contents = Contents.parse(JSON.parse(await Deno.readTextFile(path)));
  } catch {
    const { mtime } = await Deno.stat(path).catch(() => ({ mtime: null }));
    const isBeingWritten = mtime !== null &&
      now - mtime.getTime() < WRITING_MS;
    if (isBeingWritten && before !== undefined) return before;
    // None, for Codex itself cannot read it either.
    return { stamp, ...NOBODY };
  }
  const { OPENAI_API_KEY, tokens } = contents;
  const account = tokens?.account_id ?? tokens?.id_token;
  const owner = account ?? OPENAI_API_KEY;
  if (!owner) return { stamp, ...NOBODY };
  const hash = createHmac("sha256", key).update(owner).digest("hex");
  return {
    stamp,
    mode: account ? "chatgpt" : "apiKey",
    fingerprint: hash.slice(0, 16),
  };
}
