import { closeSync, openSync } from "node:fs";
import { messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";

/** The descriptors of this process: files, pipes and connections each take one. */
export class Descriptors {
  readonly #file: string | undefined;
  #limit: number | undefined;

  /** `file` may be read; without one nothing can be told. */
  constructor(file?: string) {
    this.#file = file;
  }

  /** How many there may be; undefined while it is not known, or is without limit. */
  get limit(): number | undefined {
    return this.#limit;
  }

  /**
   * How many are in use at least; undefined when it cannot be told. The lowest
   * free one is what a file gets that is opened now: counting them takes the
   * permission to read everything.
   */
  get inUse(): number | undefined {
    if (this.#file === undefined) return undefined;
    try {
      const lowest = openSync(this.#file, "r");
      closeSync(lowest);
      return lowest;
    } catch (error) {
      const isOut = error instanceof Error && "code" in error &&
        (error.code === "EMFILE" || error.code === "ENFILE");
      return isOut ? this.#limit : undefined;
    }
  }

  /** Asks a shell for the limit, once. Deno raises its own soft limit to the hard one. */
  async ask(shell: string, log: Logger): Promise<void> {
    try {
      const { stdout } = await new Deno.Command(shell, {
        args: ["-c", ASK],
        clearEnv: true,
        stdin: "null",
        stderr: "null",
      }).output();
      const lines = new TextDecoder().decode(stdout).split("\n");
      const limits = lines.map(Number).filter((it) => it > 0);
      if (limits.length > 0) this.#limit = Math.min(...limits);
    } catch (error) {
      const reason = messageOf(error);
      log.warn("Cannot ask for the limit of descriptors", { reason });
    }
  }
}

/** A Mac has no hard limit as a rule, but one of its kernel's. */
const ASK =
  "ulimit -Hn; /usr/sbin/sysctl -n kern.maxfilesperproc 2>/dev/null || true";
