import type { Clock } from "../clock.ts";

/** A clock whose time moves only when told; timers fire in order of their time. */
export class FakeClock implements Clock {
  #now: number;
  #shift = 0;
  #timers: { readonly at: number; readonly action: () => void }[] = [];

  constructor(start = Date.parse("2026-01-01T00:00:00.000Z")) {
    this.#now = start;
  }

  now(): number {
    return this.#now + this.#shift;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, action: () => void) {
    const timer = { at: this.#now + ms, action };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((it) => it !== timer);
      },
    };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Sets the wall clock `ms` forward, or back; no time passes. */
  set(ms: number): void {
    this.#shift += ms;
  }

  /** Moves time by `ms` at once, as a sleep does: what fell due meanwhile fires late. */
  async jump(ms: number): Promise<void> {
    this.#now += ms;
    await this.advance(0);
  }

  /** Moves time by `ms`, firing what falls due; timers set meanwhile count too. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    while (true) {
      const due = this.#timers.filter((it) => it.at <= until)
        .sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((it) => it !== due);
      this.#now = Math.max(this.#now, due.at);
      due.action();
      await settle();
    }
    this.#now = until;
    await settle();
  }
}

/** Lets every promise that is ready run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
