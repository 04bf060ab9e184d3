import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { sleep } from "../../shared/wait.ts";
import type { OutputFiles, OutputStream } from "./run_outputs.ts";
import type { RunContext } from "./task_kind.ts";

/** How often a write is tried again that the disk did not take. */
const RETRY_MS = 500;

/** Takes what a command prints: to its files, and to the log of its task. */
export class RunOutput {
  readonly stdout = this.#sink("stdout");
  readonly stderr = this.#sink("stderr");
  readonly #files: OutputFiles;
  readonly #options: RunOutputOptions;
  /** Whether a write waits for the disk. */
  #isStuck = false;
  #isReleased = false;

  constructor(files: OutputFiles, options: RunOutputOptions) {
    this.#files = files;
    this.#options = options;
  }

  /** The command has ended: what it still says is held back by nothing. */
  readonly onLastWords = () => {
    this.#isReleased = true;
  };

  /** Resolves when all is in the files, or the run is to end. */
  async end(): Promise<void> {
    await Promise.all([this.stdout.end(), this.stderr.end()]);
  }

  #sink(stream: OutputStream) {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const log = (bytes?: Uint8Array) =>
      this.#options.log(
        stream,
        decoder.decode(bytes, { stream: bytes !== undefined }),
      );
    let written = Promise.resolve();
    return {
      write: async (bytes: Uint8Array) => {
        log(bytes);
        const isLate = this.#isReleased && this.#isStuck;
        const kept = isLate ? bytes.slice() : bytes;
        written = written.then(() => this.#write(stream, kept));
        if (!isLate) await written;
        return true;
      },
      end: async () => {
        await written;
        log();
      },
    };
  }

  async #write(stream: OutputStream, bytes: Uint8Array): Promise<void> {
    const { signal, clock, note } = this.#options;
    let left = bytes;
    while (left.length > 0) {
      try {
        left = left.subarray(await this.#files[stream].write(left));
      } catch (error) {
        if (!this.#isStuck) {
          note("warn", `Cannot keep the output yet: ${messageOf(error)}`);
        }
        this.#isStuck = true;
        if (signal.aborted) return;
        await sleep(clock, RETRY_MS, signal);
      }
    }
  }
}

type RunOutputOptions = Pick<RunContext, "log" | "note" | "signal"> & {
  readonly clock: Clock;
};
