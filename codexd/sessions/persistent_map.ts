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
  /** The longest untouched first. */
  readonly #entries = new Map<string, Entry<V>>();
  #file: LineFile | undefined;
  /** In the file; without one, too many. */
  #lines = Infinity;

  constructor(options: PersistentMapOptions<V>) {
    this.#options = options;
    try {
      const text = Deno.readTextFileSync(options.path);
      for (const line of text.split("\n")) this.#load(line);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) options.onError(error);
    }
    this.#dropOld();
    this.#save();
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** The value that was set last. */
  get newest(): V | undefined {
    return this.values().at(-1);
  }

  /** Every value, the longest untouched first. */
  values(): V[] {
    return [...this.#entries.values()].map((entry) => entry.value);
  }

  set(key: string, value: V): void {
    const entry = { key, at: this.#options.clock.now(), value };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#dropOld();
    this.#save(entry);
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  #load(line: string): void {
    try {
      const { key, at, value } = JSON.parse(line);
      this.#entries.delete(key);
      const { data } = this.#options.schema.safeParse(value);
      if (data !== undefined) this.#entries.set(key, { key, at, value: data });
    } catch {
      // The last line of a process that was killed while it wrote.
    }
  }

  /** Nothing is written of it: who reads the file drops the same again. */
  #dropOld(): void {
    const { maxEntries, maxAgeMs, clock } = this.#options;
    const oldest = clock.now() - maxAgeMs;
    for (const [key, { at }] of this.#entries) {
      if (this.#entries.size <= maxEntries && at >= oldest) break;
      this.#entries.delete(key);
    }
  }

  /** Writes a change, or the whole map when its file is missing something. */
  #save(entry?: Entry<V>): void {
    try {
      if (entry !== undefined) this.#file?.write([JSON.stringify(entry)]);
      if (++this.#lines > 2 * this.#entries.size + SLACK_LINES) this.#rewrite();
    } catch (error) {
      // What is now in memory alone needs a new file.
      this.#lines = Infinity;
      this.#options.onError(error);
    }
  }

  #rewrite(): void {
    const { path } = this.#options;
    const next = `${path}.next`;
    const lines = [...this.#entries.values()].map((entry) =>
      JSON.stringify(entry) + "\n"
    );
    Deno.writeTextFileSync(next, lines.join(""), { mode: 0o600 });
    Deno.renameSync(next, path);
    const file = new LineFile(path);
    this.#file?.[Symbol.dispose]();
    this.#file = file;
    this.#lines = this.#entries.size;
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
  readonly key: string;
  readonly at: number;
  readonly value: V;
}
