import type { Clock, Timer } from "../../shared/clock.ts";
import type { OutputStream } from "./run_outputs.ts";

/** So much is shown of a line that has not ended, in UTF-16 units: its end. */
const SHOWN_CHARS = 4096;
/** What changes within this time is told at once. */
const TOGETHER_MS = 50;

/** The lines of logs that have not ended: a prompt, a bar that grows. */
export class OpenLines {
  readonly #clock: Pick<Clock, "after">;
  /** By the id of the task, then by the stream. */
  readonly #lines = new Map<string, Map<OutputStream, OpenLine>>();
  readonly #waiters = new Set<() => void>();
  #wake: Timer | undefined;

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  set(taskId: string, line: OpenLine): void {
    const lines = this.#lines.get(taskId) ?? new Map();
    const message = line.message.slice(-SHOWN_CHARS);
    if ((lines.get(line.stream)?.message ?? "") === message) return;
    if (message === "") lines.delete(line.stream);
    else lines.set(line.stream, { ...line, message });
    if (lines.size === 0) this.#lines.delete(taskId);
    else this.#lines.set(taskId, lines);
    this.#wakeSoon();
  }

  /** The log of a task's run is closed. */
  clear(taskId: string): void {
    this.#lines.delete(taskId);
  }

  of(taskId: string): readonly OpenLine[] {
    return [...this.#lines.get(taskId)?.values() ?? []];
  }

  /** Resolves when a line of any log has changed, or `signal` aborts. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = () => {
        this.#waiters.delete(done);
        if (this.#waiters.size === 0) this.#stopWaking();
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiters.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  #wakeSoon(): void {
    if (this.#waiters.size === 0) return;
    this.#wake ??= this.#clock.after(TOGETHER_MS, () => {
      this.#stopWaking();
      for (const wake of [...this.#waiters]) wake();
    });
  }

  #stopWaking(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
  }
}

/** What stands of a line by now. */
export interface OpenLine {
  readonly run_id: string;
  readonly stream: OutputStream;
  readonly message: string;
}
