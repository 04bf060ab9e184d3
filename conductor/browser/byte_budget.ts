import type { ByteBudget } from "./buffered_receiver.ts";

/** A number of bytes that several takers share. */
export class SharedBudget implements ByteBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}
