import { z } from "zod";
import { canonicalJson, sha256Hex } from "../../shared/digest.ts";
import { AppError } from "../../shared/errors.ts";
import { PersistentMap, type PersistentMapOptions } from "./persistent_map.ts";

/** What is remembered of a request with a key. */
const Entry = z.object({
  /** Of the route and the body. */
  digest: z.string(),
  /** What came of it; null while that is not known. */
  session_id: z.string().nullable(),
  turn_id: z.string().nullable(),
});
export type Entry = z.infer<typeof Entry>;

const MAX_ENTRIES = 10_000;
const MAX_AGE_MS = 7 * 86_400_000;

/** Makes that a request which comes twice with the same key is done once. */
export class Idempotency implements Disposable {
  readonly #map: PersistentMap<Entry>;
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(
    options: Pick<PersistentMapOptions<Entry>, "path" | "clock" | "onError">,
  ) {
    const limits = { maxEntries: MAX_ENTRIES, maxAgeMs: MAX_AGE_MS };
    this.#map = new PersistentMap({ ...options, ...limits, schema: Entry });
  }

  /**
   * Does `work` once for a key: who comes with the same key and request gets
   * what came of it. Without a key it is simply done.
   * @throws {AppError} CONFLICT when the key came with another request
   */
  async once<T>(
    key: string | undefined,
    request: readonly unknown[],
    work: Work<T>,
  ): Promise<T> {
    if (key === undefined) return await work.fresh(undefined);
    const digest = sha256Hex(canonicalJson(request));
    // Two that come at once are done one after the other.
    const before = this.#running.get(key) ?? Promise.resolve();
    const running = before.catch(() => {})
      .then(() => this.#do(key, digest, work));
    this.#running.set(key, running);
    try {
      return await running;
    } finally {
      if (this.#running.get(key) === running) this.#running.delete(key);
    }
  }

  [Symbol.dispose](): void {
    this.#map[Symbol.dispose]();
  }

  async #do<T>(key: string, digest: string, work: Work<T>): Promise<T> {
    const mark = `baa-${sha256Hex(key).slice(0, 32)}`;
    const known = this.#map.get(key);
    if (known !== undefined && known.digest !== digest) {
      throw new AppError(
        "CONFLICT",
        "Cannot accept the request: its Idempotency-Key came with another body",
      );
    }
    const found = known && await work.again(known, mark);
    if (found !== undefined) return found;
    this.#map.set(key, { digest, session_id: null, turn_id: null });
    const result = await work.fresh(mark);
    this.#map.set(key, { digest, ...work.outcomeOf(result) });
    return result;
  }
}

/** How a request is done, and how what it did is found again. */
export interface Work<T> {
  /** Does it. `mark` identifies it beyond this process. */
  fresh(mark: string | undefined): Promise<T>;
  /** What a request led to. */
  outcomeOf(result: T): Omit<Entry, "digest">;
  /** Finds what came of it; undefined when nothing did. */
  again(entry: Entry, mark: string): Promise<T | undefined>;
}
