import type { Clock } from "../shared/clock.ts";
import { sleep } from "../shared/wait.ts";
import { HostOpFailure } from "./failure.ts";

/** Milliseconds that an edit works before others have their turn. */
const TURN_MS = 8;

/** Milliseconds that an edit may work altogether. */
const MOST_MS = 30_000;

/**
 * The work of one edit: done in turns with all else that this thread does, for
 * as long as somebody waits for it, and no longer than 30 s.
 */
export class EditWork {
  readonly #options: EditWorkOptions;
  readonly #began: number;
  #since: number;

  constructor(options: EditWorkOptions) {
    this.#options = options;
    this.#began = this.#since = options.clock.monotonic();
  }

  /**
   * Waits until others had their turn, when this one was long enough.
   *
   * @throws {HostOpFailure} as {@linkcode goOn}.
   */
  async turn(): Promise<void> {
    const { clock } = this.#options;
    if (clock.monotonic() - this.#since < TURN_MS) return;
    // after an immediate, the runtime looks at its sockets each 61st time only
    await sleep(clock, 1);
    this.goOn();
  }

  /**
   * Begins a turn.
   *
   * @throws {HostOpFailure} `CANCELED`; `FILE_TOO_LARGE` when it takes too long.
   */
  goOn(): void {
    const { absolutePath, clock, signal } = this.#options;
    this.#since = clock.monotonic();
    const doing = `Cannot edit ${absolutePath}`;
    if (signal.aborted) {
      throw new HostOpFailure(
        "CANCELED",
        `${doing}: its caller left, or the daemon stops; nothing was written`,
      );
    }
    if (this.#since - this.#began <= MOST_MS) return;
    throw new HostOpFailure(
      "FILE_TOO_LARGE",
      `${doing}: it is too long for that many edits, they take more than ${
        MOST_MS / 1_000
      } s; nothing was written`,
      {
        details: { maxMs: MOST_MS },
        hint:
          "Send fewer edits at once, or POST /v1/exec with sed or a script, which changes files of any size.",
      },
    );
  }

  /** Does `act` on one slice after another of something so long, in turns. */
  async inSlices(
    length: number,
    act: (from: number, to: number) => void,
  ): Promise<void> {
    for (let from = 0; from < length; from += SLICE_CHARS) {
      await this.turn();
      act(from, Math.min(from + SLICE_CHARS, length));
    }
  }
}

/** Characters that are looked at between two looks at the clock. */
const SLICE_CHARS = 65_536;

interface EditWorkOptions {
  readonly absolutePath: string;
  readonly clock: Clock;
  /** Aborts when nobody waits for it. */
  readonly signal: AbortSignal;
}
