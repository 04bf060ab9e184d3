import type { Clock, Timer } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { NewLogLine, Stores } from "../store/mod.ts";
import type { Leadership } from "./leadership.ts";
import type { OpenLines } from "./open_lines.ts";
import type { Claim } from "./run_ledger.ts";
import { firstOf, RunLog, type Share } from "./run_log.ts";

/** Lines wait so long for others to come. */
const FLUSH_MS = 50;
/** When more lines wait than one transaction takes, everybody else has a turn. */
const PAUSE_MS = 10;
const RETRY_MS = 1000;
/** What one transaction writes at most: some milliseconds. */
const BATCH: Share = { lines: 500, text: 262_144 };

/**
 * Gathers the lines of all runs and writes them in batches, one transaction a
 * batch: a disk flush costs the same for one line and for hundreds.
 */
export class RunLogs {
  readonly #options: RunLogsOptions;
  readonly #open = new Set<RunLog>();
  #timer: Timer | undefined;
  #failing = false;

  constructor(options: RunLogsOptions) {
    this.#options = options;
  }

  open(claim: Claim): RunLog {
    const log = new RunLog(claim, {
      clock: this.#options.clock,
      onLine: () => this.#timer ??= this.#flushAfter(FLUSH_MS),
      onOpen: (line) => {
        const { task_id, run_id } = claim.run;
        this.#options.openLines.set(task_id, { ...line, run_id });
      },
    });
    this.#open.add(log);
    return log;
  }

  /** Ends the log of a run. Returns what the caller is to write. */
  close(log: RunLog): PendingLines {
    const lines = log.end();
    this.#open.delete(log);
    this.#options.openLines.clear(log.claim.run.task_id);
    if (this.#waiting().length === 0) this.#stopTimer();
    return { claim: log.claim, dropped: log.dropped, lines };
  }

  /**
   * Stores the first lines, a part of a transaction that the caller holds.
   * Returns what is left for further ones.
   */
  store({ claim, lines, ...rest }: PendingLines): PendingLines {
    const first = firstOf(lines, BATCH);
    this.#append(claim, first);
    return { ...rest, claim, lines: lines.slice(first.length) };
  }

  #append({ task, run }: Claim, lines: readonly NewLogLine[]): void {
    const { logs, runs } = this.#options;
    logs.append({ taskSeq: task.seq, runSeq: run.seq }, lines);
    for (const stream of ["stdout", "stderr"] as const) {
      const last = lines.findLast((it) =>
        it.stream === stream && it.place !== undefined
      );
      if (last?.place === undefined) continue;
      runs.noteLogged(run.seq, { stream, place: last.place });
    }
  }

  #waiting(): RunLog[] {
    return [...this.#open].filter((it) => it.waiting > 0);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #flushAfter(ms: number): Timer {
    return this.#options.clock.after(ms, () => this.#flush());
  }

  #flush(): void {
    const { leadership, log } = this.#options;
    this.#stopTimer();
    const waiting = this.#waiting();
    const share = {
      lines: Math.ceil(BATCH.lines / waiting.length),
      text: Math.ceil(BATCH.text / waiting.length),
    };
    const parts = waiting.map((it) => ({ it, lines: it.first(share) }));
    try {
      leadership.write(({ term }) => {
        for (const { it: { claim }, lines } of parts) {
          // A run of an earlier term was given up with that term.
          if (claim.fence.term === term) this.#append(claim, lines);
        }
      });
    } catch (error) {
      if (!this.#failing) log.warn("Cannot write task logs yet", { error });
      this.#failing = true;
      this.#timer = this.#flushAfter(RETRY_MS);
      return;
    }
    this.#failing = false;
    for (const { it, lines } of parts) it.shift(lines.length);
    if (this.#waiting().length === 0) return this.#stopTimer();
    this.#timer ??= this.#flushAfter(PAUSE_MS);
  }
}

/** Lines of a run that has ended, which wait to be written. */
export interface PendingLines {
  readonly claim: Claim;
  readonly lines: readonly NewLogLine[];
  /** How many came too fast to be written. */
  readonly dropped: number;
}

interface RunLogsOptions extends Pick<Stores, "logs" | "runs"> {
  readonly leadership: Pick<Leadership, "write">;
  readonly openLines: OpenLines;
  readonly clock: Clock;
  readonly log: Logger;
}
