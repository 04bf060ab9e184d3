import type { Clock, Timer } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { InFlight } from "../../shared/wait.ts";
import type { ChildProcess } from "./child_process.ts";

/**
 * Milliseconds without a begin or an end of a command after which shells are
 * started that are missing: late enough to stand before no answer.
 */
const CALM_MS = 4;

/** Milliseconds after which one is started though there is no calm. */
const LATEST_MS = 50;

/** How often, in milliseconds, it is asked whether fewer shells would do. */
const REVIEW_MS = 10_000;

/** Reviews in a row without any command after which no shell waits any more. */
const QUIET_REVIEWS = 6;

/**
 * Shells that were started ahead, as many as are asked for at once: one more
 * whenever one was missing, fewer when some were never needed, none after a
 * minute without commands. Each serves one command.
 */
export class WarmShells {
  readonly #options: WarmShellsOptions;
  readonly #waiting = new Set<ChildProcess>();
  readonly #discarding = new InFlight();
  #wanted: number;
  /** The fewest that waited since the last review. */
  #spare = 0;
  #quiet = 0;
  #filling: Promise<boolean> | undefined;
  #refill: Timer | undefined;
  /** When the next one is started at the latest. */
  #latest: number | undefined;
  #review: Timer | undefined;
  #closed = false;

  constructor(options: WarmShellsOptions) {
    this.#options = options;
    this.#wanted = options.fewest;
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a shell that waits, if there is one. */
  take(): ChildProcess | undefined {
    const { fewest, most } = this.#options;
    const [shell] = this.#waiting;
    if (shell !== undefined) this.#waiting.delete(shell);
    else this.#wanted = Math.min(this.#wanted + 1, most);
    this.#wanted = Math.max(this.#wanted, fewest);
    this.#spare = Math.min(this.#spare, this.#waiting.size);
    this.#quiet = 0;
    this.#reviewLater();
    this.#refillAfter(CALM_MS);
    return shell;
  }

  /**
   * Starts one beside a command that has begun just now: what that takes of the
   * daemon passes while the command runs, and not before the answer.
   */
  refillBeside(): void {
    if (this.#lacking && this.#waiting.size === 0) this.#refillNow();
  }

  /** Has what is missing wait until there is calm. */
  calmLater(): void {
    if (this.#refill !== undefined) this.#refillAfter(CALM_MS);
  }

  /** Starts all that are missing; resolves when they wait. */
  async prepare(): Promise<void> {
    this.#reviewLater();
    while (this.#lacking && await this.#fillOnce());
  }

  /** Ends those that wait. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#refill?.cancel();
    this.#review?.cancel();
    await this.#filling;
    for (const shell of this.#waiting) this.#discard(shell);
    await this.#discarding.idle();
  }

  get #lacking(): boolean {
    return !this.#closed && this.#waiting.size < this.#wanted;
  }

  #reviewLater(): void {
    if (this.#closed || this.#wanted === 0) return;
    this.#review ??= this.#options.clock.after(REVIEW_MS, () => {
      this.#review = undefined;
      this.#quiet++;
      this.#wanted = this.#quiet >= QUIET_REVIEWS
        ? 0
        : Math.max(this.#options.fewest, this.#wanted - this.#spare);
      const surplus = this.#waiting.size - this.#wanted;
      for (const shell of [...this.#waiting].slice(0, Math.max(0, surplus))) {
        this.#discard(shell);
      }
      this.#spare = this.#waiting.size;
      this.#reviewLater();
    });
  }

  #refillAfter(ms: number): void {
    const { clock } = this.#options;
    this.#refill?.cancel();
    this.#refill = undefined;
    if (!this.#lacking) {
      this.#latest = undefined;
      return;
    }
    const now = clock.monotonic();
    this.#latest ??= now + LATEST_MS;
    this.#refill = clock.after(
      Math.min(ms, Math.max(0, this.#latest - now)),
      () => this.#refillNow(),
    );
  }

  async #refillNow(): Promise<void> {
    this.#refill?.cancel();
    this.#refill = undefined;
    this.#latest = undefined;
    if (await this.#fillOnce()) this.#refillAfter(CALM_MS);
  }

  /** One at a time, so that commands come between them. */
  #fillOnce(): Promise<boolean> {
    return this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
    });
  }

  async #fill(): Promise<boolean> {
    try {
      const shell = await this.#options.spawn();
      this.#waiting.add(shell);
      shell.status.then(() => {
        if (this.#waiting.has(shell)) this.#discard(shell);
      });
      return true;
    } catch (error) {
      // commands start their own then, and report what is wrong
      this.#options.log.debug("Cannot start a shell ahead", {
        reason: messageOf(error),
      });
      return false;
    }
  }

  #discard(shell: ChildProcess): void {
    this.#waiting.delete(shell);
    this.#discarding.track(this.#options.discard(shell));
  }
}

interface WarmShellsOptions {
  /** How many to keep waiting while commands come. */
  readonly fewest: number;
  /** How many to keep waiting at most. */
  readonly most: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Starts one that waits for its line. */
  readonly spawn: () => Promise<ChildProcess>;
  /** Ends one that was given nothing to do. */
  readonly discard: (shell: ChildProcess) => Promise<void>;
}
