import { Channel } from "../shared/channel.ts";
import type { Clock } from "../shared/clock.ts";
import { within } from "../shared/wait.ts";
import type { OutputSink } from "./process/mod.ts";
import type { ExecExit } from "./results.ts";

/** What may wait for the reader; then the command is held back. */
const MOST_WAITING_BYTES = 262_144;

/**
 * Stands between a command and who follows its output. A slow reader slows the
 * command down, like a pipe; memory stays bounded. One that stalls is left.
 */
export class EventQueue extends Channel<OutputEvent> {
  readonly #options: EventQueueOptions;

  constructor(options: EventQueueOptions) {
    super({ limit: MOST_WAITING_BYTES, onLeave: options.onLeave });
    this.#options = options;
  }

  /** A sink whose bytes become events, cut between characters. */
  sink(event: "stdout" | "stderr"): OutputSink & { flush(): void } {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const push = (text: string, size: number) => {
      if (text !== "") this.push({ event, data: { text } }, size);
    };
    return {
      write: (bytes) => {
        push(decoder.decode(bytes, { stream: true }), bytes.length);
        return this.hasRoom || this.#untilRoom();
      },
      cut: () => void decoder.decode(),
      flush: () => push(decoder.decode(), 0),
    };
  }

  /** Says how the command ended; nothing comes after it. */
  finish(exit: ExecExit): void {
    this.push({ event: "exit", data: exit }, 0);
    this.end();
  }

  async #untilRoom(): Promise<boolean> {
    const { clock, stallMs, onLeave } = this.#options;
    if (!await within(this.room(), { ms: stallMs, clock })) {
      onLeave();
      await this.room();
    }
    return true;
  }
}

interface EventQueueOptions {
  /** Milliseconds that a reader may leave no room before it counts as gone. */
  readonly stallMs: number;
  readonly clock: Clock;
  /** Called when the reader has gone, or takes nothing any more. */
  readonly onLeave: () => void;
}

/** What a streamed command says: its output as it comes, then how it ended. */
export type OutputEvent =
  | {
    readonly event: "stdout" | "stderr";
    readonly data: { readonly text: string };
  }
  | { readonly event: "exit"; readonly data: ExecExit };
