import type { Clock, Timer } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import { SetBack } from "../../shared/set_back.ts";
import type { Stores } from "../store/mod.ts";
import type { Leadership } from "./leadership.ts";
import type { RunExecutor } from "./run_executor.ts";
import type { Claim, RunLedger } from "./run_ledger.ts";

/** When the database did not answer. */
const RETRY_MS = 1000;
/** What one transaction makes ready at most. */
const WAKE_BATCH = 500;
/** A wall clock may be set: no wait for a time is longer than this. */
const LONGEST_SLEEP_MS = 60_000;

/**
 * Starts queued tasks while this process leads and the mode is `running`: by
 * priority, then age, as many at once as there are places. When a term begins it
 * adopts the runs that have outlived an earlier one, whatever the mode.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  #timer: Timer | undefined;
  #at = Infinity;
  readonly #setBack: SetBack;
  #hasAdopted = false;
  /** Tasks whose runs were adopted and are not taken up yet. */
  readonly #adopted = new Set<string>();
  /** How often this process has begun, or ceased, to lead. */
  #turns = 0;
  #stopped = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#setBack = new SetBack(options.clock);
  }

  /** Begins to work for this term. */
  begin(): void {
    this.#turns++;
    this.#setBack.reset();
    this.#hasAdopted = false;
    this.wake();
  }

  /** This process leads no more: it takes up nothing. */
  end(): void {
    this.#turns++;
  }

  /** Looks again soon: a task came, a place is free, the mode or the leader changed. */
  wake(): void {
    this.#sleep(0);
  }

  /** Starts nothing any more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #sleep(ms: number): void {
    const { clock } = this.#options;
    const at = clock.monotonic() + ms;
    if (this.#stopped || at >= this.#at) return;
    this.#timer?.cancel();
    this.#at = at;
    this.#timer = clock.after(ms, () => this.#tick());
  }

  #tick(): void {
    this.#at = Infinity;
    const { leadership, executor, tasks, width, log } = this.#options;
    try {
      if (!leadership.stillLeads()) return;
      // It lengthens no pause before a retry.
      this.#setBack.notice((ms) => leadership.write(() => tasks.hasten(ms)));
      if (!this.#hasAdopted) return this.#adopt();
      const room = width - executor.size;
      if (room <= 0 || !this.#mayStart()) return;
      const claims = this.#claim(room);
      for (const claim of claims ?? []) executor.start(claim);
      if (claims === undefined || claims.length === room) this.#sleep(0);
      else this.#sleepUntilNextIsDue();
    } catch (error) {
      log.warn("Cannot start tasks now", { error });
      this.#sleep(RETRY_MS);
    }
  }

  #adopt(): void {
    const { leadership, ledger, executor, clock } = this.#options;
    const claims = leadership.write((fence) =>
      ledger.adopt(fence, {
        now: clock.now(),
        hasLeft: (taskId) =>
          this.#adopted.has(taskId) || executor.hasLeft(taskId),
      })
    );
    this.#hasAdopted = true;
    for (const claim of claims) void this.#takeUp(claim);
    // They take places: what may start beside them is looked at then.
    this.#sleep(0);
  }

  /** What this process itself still leaves is waited for. */
  async #takeUp(claim: Claim): Promise<void> {
    const { executor } = this.#options;
    const { task_id } = claim.task;
    const turns = this.#turns;
    this.#adopted.add(task_id);
    await executor.ended(task_id);
    if (this.#stopped || turns !== this.#turns) return;
    this.#adopted.delete(task_id);
    executor.start(claim);
  }

  #mayStart(): boolean {
    return this.#options.automation.get().mode === "running";
  }

  /**
   * Claims those that are to start next, in one transaction; undefined while not
   * all are ready that are due, so that the most urgent ones are not known.
   */
  #claim(room: number): Claim[] | undefined {
    const { leadership, ledger, tasks, clock } = this.#options;
    if (!tasks.hasDue(clock.now())) return [];
    return leadership.write((fence) => {
      const claims: Claim[] = [];
      const now = clock.now();
      if (tasks.wake(now, WAKE_BATCH) === WAKE_BATCH) return undefined;
      while (this.#mayStart() && claims.length < room) {
        const claim = ledger.claim(fence, now);
        if (claim === undefined) break;
        claims.push(claim);
      }
      return claims;
    });
  }

  #sleepUntilNextIsDue(): void {
    const next = this.#options.tasks.nextWake();
    if (next === undefined) return;
    const left = Math.max(0, next - this.#options.clock.now());
    this.#sleep(Math.min(left, LONGEST_SLEEP_MS));
  }
}

interface SchedulerOptions extends Pick<Stores, "automation" | "tasks"> {
  readonly leadership: Pick<Leadership, "stillLeads" | "write">;
  readonly ledger: RunLedger;
  readonly executor: Pick<RunExecutor, "size" | "start" | "ended" | "hasLeft">;
  /** How many runs at once. */
  readonly width: number;
  readonly clock: Clock;
  readonly log: Logger;
}
