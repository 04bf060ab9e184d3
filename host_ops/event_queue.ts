import type { Clock, Timer } from "../shared/clock.ts";
import type { OutputSink } from "./process/mod.ts";

/** What a streamed command says: its output as it comes, then how it ended. */
export type OutputEvent<Exit> =
  | {
    readonly event: "stdout" | "stderr";
    readonly data: { readonly text: string };
  }
  | { readonly event: "exit"; readonly data: Exit };

/** Options of {@linkcode EventQueue}. */
export interface EventQueueOptions {
  /** Bytes that may wait for the reader; then the command is held back. */
  readonly mostWaiting: number;
  /** Milliseconds that a reader may take nothing before it counts as gone. */
  readonly stallMs: number;
  readonly clock: Clock;
  /** Called once when the reader has gone, or takes nothing any more. */
  readonly onLeave: () => void;
}

/**
 * Stands between a command and who follows its output. A slow reader slows the
 * command down, like a pipe; memory stays bounded. One that stalls is left.
 */
export class EventQueue<Exit> implements AsyncIterable<OutputEvent<Exit>> {
  readonly #options: EventQueueOptions;
  readonly #events: { event: OutputEvent<Exit>; size: number }[] = [];
  #waiting = 0;
  #ended = false;
  #open = false;
  #left = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriters: (() => void)[] = [];
  #stall: Timer | undefined;

  constructor(options: EventQueueOptions) {
    this.#options = options;
  }

  /** A sink whose bytes become events, cut between characters. */
  sink(event: "stdout" | "stderr"): OutputSink & { flush(): void } {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const push = (text: string, size: number) => {
      if (text !== "") this.#push({ event, data: { text } }, size);
    };
    return {
      write: (bytes) => {
        push(decoder.decode(bytes, { stream: true }), bytes.length);
        return this.#room();
      },
      flush: () => push(decoder.decode(), 0),
    };
  }

  /** Holds nothing back any more: what is left is little and has to come through. */
  release(): void {
    this.#open = true;
    this.#stopStall();
    this.#letWriters();
  }

  /** Says how the command ended; nothing comes after it. */
  end(exit: Exit): void {
    this.#push({ event: "exit", data: exit }, 0);
    this.#ended = true;
  }

  /** No generator: leaving one that waits would wait for the next event. */
  [Symbol.asyncIterator](): AsyncIterator<OutputEvent<Exit>> {
    return {
      next: () => this.#next(),
      return: () => {
        this.#leave();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  async #next(): Promise<IteratorResult<OutputEvent<Exit>>> {
    while (!this.#left) {
      const next = this.#events.shift();
      if (next !== undefined) {
        this.#waiting -= next.size;
        this.#stopStall();
        if (this.#hasRoom) this.#letWriters();
        return { done: false, value: next.event };
      }
      if (this.#ended) break;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    return { done: true, value: undefined };
  }

  #leave(): void {
    this.#left = true;
    this.#wakeReader?.();
    if (!this.#ended) this.#options.onLeave();
    this.release();
  }

  get #hasRoom(): boolean {
    return this.#open || this.#waiting < this.#options.mostWaiting;
  }

  #push(event: OutputEvent<Exit>, size: number): void {
    if (this.#left) return;
    this.#events.push({ event, size });
    this.#waiting += size;
    this.#wakeReader?.();
    this.#wakeReader = undefined;
  }

  /** Resolves when more may be written. */
  #room(): boolean | Promise<boolean> {
    if (this.#hasRoom) return true;
    const { clock, stallMs, onLeave } = this.#options;
    this.#stall ??= clock.after(stallMs, onLeave);
    return new Promise((resolve) => {
      this.#wakeWriters.push(() => resolve(true));
    });
  }

  #stopStall(): void {
    this.#stall?.cancel();
    this.#stall = undefined;
  }

  #letWriters(): void {
    const writers = this.#wakeWriters;
    this.#wakeWriters = [];
    for (const wake of writers) wake();
  }
}
