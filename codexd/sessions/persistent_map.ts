import type { z } from "zod";
import type { Clock } from "../../shared/clock.ts";
import { LineFile } from "../../shared/line_file.ts";

/** Superfluous lines that are put up with before the file is written anew. */
const SLACK_LINES = 256;

/**
 * A map on disk: each change is one appended line, so that what was set
 * survives the end of the process, whatever kind of end. The file is written
 * anew when most of it is history.
 */
export class PersistentMap<V> implements Disposable {
  readonly #options: PersistentMapOptions<V>;
  readonly #entries = new Map<string, Entry<V>>();
  #file: LineFile | undefined;
  #lines = 0;
  #newest: string | undefined;

  constructor(options: PersistentMapOptions<V>) {
    this.#options = options;
    this.#load();
    this.#rewrite();
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** The value that was set last. */
  get newest(): V | undefined {
    return this.#newest === undefined ? undefined : this.get(this.#newest);
  }

  /** Every value, the longest untouched first. */
  values(): V[] {
    return [...this.#entries.values()].map((entry) => entry.value);
  }

  set(key: string, value: V): void {
    const at = this.#options.clock.now();
    this.#entries.delete(key);
    this.#entries.set(key, { at, value });
    this.#newest = key;
    this.#append({ key, at, value });
    this.#dropOld();
  }

  delete(key: string): void {
    if (this.#entries.delete(key)) this.#append({ key });
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  #load(): void {
    let text: string;
    try {
      text = Deno.readTextFileSync(this.#options.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        this.#options.onError(error);
      }
      return;
    }
    for (const line of text.split("\n")) {
      const found = readLine(line);
      if (found === undefined) continue;
      this.#entries.delete(found.key);
      const value = this.#options.schema.safeParse(found.value).data;
      if (value !== undefined) {
        this.#entries.set(found.key, { at: found.at, value });
        this.#newest = found.key;
      }
    }
    this.#dropOld();
  }

  #dropOld(): void {
    const { maxEntries, maxAgeMs, clock } = this.#options;
    const oldest = clock.now() - maxAgeMs;
    for (const [key, { at }] of this.#entries) {
      if (this.#entries.size <= maxEntries && at >= oldest) break;
      this.delete(key);
    }
  }

  #append(line: unknown): void {
    try {
      this.#file?.write([JSON.stringify(line)]);
      this.#lines++;
    } catch (error) {
      // What is now in memory alone needs a new file.
      this.#lines = Infinity;
      this.#options.onError(error);
      return;
    }
    if (this.#lines > 2 * this.#entries.size + SLACK_LINES) this.#rewrite();
  }

  #rewrite(): void {
    const { path } = this.#options;
    const text = [...this.#entries]
      .map(([key, entry]) => JSON.stringify({ key, ...entry }) + "\n").join("");
    try {
      const next = `${path}.next`;
      Deno.writeTextFileSync(next, text, { mode: 0o600 });
      const file = new LineFile(next);
      Deno.renameSync(next, path);
      this.#file?.[Symbol.dispose]();
      this.#file = file;
      this.#lines = this.#entries.size;
    } catch (error) {
      this.#options.onError(error);
    }
  }
}

export interface PersistentMapOptions<V> {
  readonly path: string;
  readonly clock: Clock;
  /** What was written and is not of this form is passed over. */
  readonly schema: z.ZodType<V>;
  /** Entries beyond this fall out, the longest untouched first. */
  readonly maxEntries: number;
  /** Entries untouched for longer than this fall out. */
  readonly maxAgeMs: number;
  /** Told when the disk refuses; the map goes on in memory. */
  onError(error: unknown): void;
}

interface Entry<V> {
  readonly at: number;
  readonly value: V;
}

function readLine(line: string) {
  try {
    const { key, at, value } = JSON.parse(line);
    if (typeof key !== "string") return undefined;
    return { key, at: Number(at) || 0, value: value as unknown };
  } catch {
    // The last line of a process that was killed while it wrote.
    return undefined;
  }
}
