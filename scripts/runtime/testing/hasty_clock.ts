import type { Clock } from "../../../shared/clock.ts";

/** A clock that never lets anybody wait: a timer moves it to its own time. */
export class HastyClock implements Clock {
  #now = 0;

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, action: () => void) {
    let isCanceled = false;
    queueMicrotask(() => {
      if (isCanceled) return;
      this.#now += ms;
      action();
    });
    return { cancel: () => void (isCanceled = true) };
  }
}
