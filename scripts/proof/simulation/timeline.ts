import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";

/** How long other processes go on in the middle of a turn. */
const OTHERS_MS = 100;

/**
 * The one time of a simulation, and who gets the next turn. What happens
 * belongs to a lane, which is a process, or the world around them: in a lane one
 * thing comes after the other, between lanes the seed decides. Milliseconds.
 */
export class Timeline {
  now = 0;
  readonly #lanes: Lane[] = [];
  readonly #options: TimelineOptions;
  turns = 0;
  /** When processes have turns in the middle of another's. */
  #others: { readonly from: number; readonly to: number } | undefined;

  constructor(options: TimelineOptions) {
    this.#options = options;
  }

  lane(name: string, options: LaneOptions): Lane {
    const lane = new Lane(name, this, options);
    this.#lanes.push(lane);
    return lane;
  }

  /** Nothing of the lane happens any more. */
  end(lane: Lane): void {
    lane.queue.length = 0;
    lane.isOver = true;
    const index = this.#lanes.indexOf(lane);
    if (index !== -1) this.#lanes.splice(index, 1);
  }

  /**
   * Lets time pass in the middle of a turn. The other processes have a little of
   * it: no promise goes on meanwhile, so that with more of it they would be as no
   * process is.
   */
  stall(ms: number): void {
    const until = this.now + ms;
    const from = this.now + this.#options.random.to(ms + 1);
    const outer = this.#others;
    this.#others = { from, to: Math.min(until, from + OTHERS_MS) };
    while (this.#turn(until)) { /* whoever is next */ }
    this.#others = outer;
    this.now = Math.max(this.now, until);
  }

  /** Goes on until nothing is left, or `isOver` says so after a turn. */
  async run(until: number, isOver: () => boolean): Promise<void> {
    while (!isOver() && this.#turn(until)) await settled();
    if (!isOver()) this.now = Math.max(this.now, until);
  }

  /** Does what comes next, up to `until`. */
  #turn(until: number): boolean {
    const { random, trace, onTurn } = this.#options;
    let first: Lane | undefined;
    let at = until;
    let ties = 1;
    for (const lane of this.#lanes) {
      if (lane.isBusy) continue;
      const others = lane.isProcess ? this.#others : undefined;
      const next = Math.max(
        lane.nextAt,
        lane.frozenUntil,
        this.now,
        others?.from ?? 0,
      );
      if (others !== undefined && next > others.to) continue;
      if (next > at || next === Infinity) continue;
      if (next < at || first === undefined) {
        first = lane;
        ties = 1;
      } else if (random.to(++ties) === 0) first = lane;
      at = next;
    }
    const turn = first?.queue.shift();
    if (first === undefined || turn === undefined) return false;
    this.now = at;
    this.turns++;
    trace.add(at, first.name, turn.what);
    first.take(turn);
    // No turn is for nothing.
    this.now += random.to(3);
    onTurn();
    return true;
  }
}

export class Lane {
  readonly name: string;
  readonly queue: Turn[] = [];
  /** Whether one of its turns goes on, in whose middle others may be. */
  isBusy = false;
  isOver = false;
  /** Until when its process is stopped. */
  frozenUntil = 0;
  readonly isProcess: boolean;
  readonly #timeline: Timeline;
  readonly #onThrow: (error: unknown) => void;

  constructor(name: string, timeline: Timeline, options: LaneOptions) {
    this.name = name;
    this.isProcess = options.isProcess ?? false;
    this.#timeline = timeline;
    this.#onThrow = options.onThrow;
  }

  get nextAt(): number {
    return this.queue[0]?.at ?? Infinity;
  }

  /** Has `action` done after so many milliseconds; never before. */
  after(ms: number, what: string, action: () => void): { cancel(): void } {
    const turn = { at: this.#timeline.now + Math.ceil(ms), what, action };
    if (this.isOver) return { cancel() {} };
    let place = this.queue.length;
    while (place > 0 && (this.queue[place - 1]?.at ?? 0) > turn.at) place--;
    this.queue.splice(place, 0, turn);
    return {
      cancel: () => {
        const index = this.queue.indexOf(turn);
        if (index !== -1) this.queue.splice(index, 1);
      },
    };
  }

  take({ action }: Turn): void {
    this.isBusy = true;
    try {
      action();
    } catch (error) {
      this.#onThrow(error);
    } finally {
      this.isBusy = false;
    }
  }
}

interface LaneOptions {
  /** Told what one of its turns has thrown. */
  readonly onThrow: (error: unknown) => void;
  readonly isProcess?: boolean;
}

interface Turn {
  readonly at: number;
  readonly what: string;
  readonly action: () => void;
}

interface TimelineOptions {
  readonly random: Random;
  readonly trace: Trace;
  /** Called after each turn, also one in the middle of another. */
  readonly onTurn: () => void;
}

/** Lets every promise that is ready run, and what follows from it. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
