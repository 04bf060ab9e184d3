import type { Clock, Timer } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { shellQuote } from "../../shared/shell_quote.ts";
import { InFlight } from "../../shared/wait.ts";
import type { ChildProcess, Job } from "./child_process.ts";

/**
 * Milliseconds after the end of a command until a new shell is started: late
 * enough not to stand between the command and its answer.
 */
const AFTER_END_MS = 1;

/** The same after a shell was taken for a command that goes on. */
const AFTER_TAKE_MS = 20;

/** Longer scripts, in characters, get a shell of their own. */
const MOST_SCRIPT_LENGTH = 16_384;

/**
 * Shells that were started ahead. Making a process group costs a full fork of
 * the daemon, more than all the rest of a short command; so it is done between
 * commands. Each shell serves one command: still one spawn a command.
 */
export class WarmShells {
  readonly #options: WarmShellsOptions;
  readonly #waiting = new Set<ChildProcess>();
  readonly #discarding = new InFlight();
  #filling: Promise<boolean> | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: WarmShellsOptions) {
    this.#options = options;
  }

  /** Takes a shell that waits, if there is one. */
  take(): ChildProcess | undefined {
    const [shell] = this.#waiting;
    if (shell !== undefined) this.#waiting.delete(shell);
    this.#refillAfter(AFTER_TAKE_MS);
    return shell;
  }

  /** Starts what is missing, soon. */
  refillSoon(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#refillAfter(AFTER_END_MS);
  }

  /** Starts all that are missing; resolves when they wait. */
  async prepare(): Promise<void> {
    while (this.#lacking && await this.#fillOnce());
  }

  /** Ends those that wait. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#filling;
    for (const shell of this.#waiting) this.#discard(shell);
    await this.#discarding.idle();
  }

  get #lacking(): boolean {
    return !this.#closed && this.#waiting.size < this.#options.size;
  }

  #refillAfter(ms: number): void {
    if (this.#timer !== undefined || !this.#lacking) return;
    this.#timer = this.#options.clock.after(ms, () => {
      this.#timer = undefined;
      this.#fillOnce().then((filled) => {
        if (filled) this.#refillAfter(AFTER_END_MS);
      });
    });
  }

  /** One at a time: each blocks the daemon for the length of a fork. */
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
  /** How many to keep waiting. */
  readonly size: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Starts one that reads commands from its input. */
  readonly spawn: () => Promise<ChildProcess>;
  /** Ends one that was given nothing to do. */
  readonly discard: (shell: ChildProcess) => Promise<void>;
}

/**
 * Returns what makes a waiting shell become the job: one compound command, so
 * that a shell which gets only part of it runs none of it; nor does one that
 * cannot print the mark. Undefined for a job that needs what a waiting shell
 * cannot give.
 */
export function jobScript(
  job: Job,
): { readonly text: string; readonly mark: string } | undefined {
  if (job.stdin !== undefined || job.env !== undefined) return undefined;
  const mark = crypto.randomUUID();
  const argv = job.argv.map(shellQuote).join(" ");
  const cd = `cd -P -- ${shellQuote(job.cwd)} 2>/dev/null`;
  const text = `if ${cd} && unset OLDPWD && printf %s ${mark} >&2
then exec ${argv} </dev/null
else exit 125
fi
`;
  return text.length > MOST_SCRIPT_LENGTH ? undefined : { text, mark };
}
