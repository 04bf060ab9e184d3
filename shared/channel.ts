/**
 * Passes items on from who makes them to one reader, in order, and says when
 * too many wait: the maker then waits for room, gives up, or hangs up. Nothing
 * is kept of an item that was taken.
 */
export class Channel<T> implements AsyncIterableIterator<T> {
  readonly #options: ChannelOptions;
  #slots: (Slot<T> | undefined)[] = [];
  /** Where in the slots the oldest item is. */
  #head = 0;
  #waiting = 0;
  #limit: number;
  #isOver = false;
  #failure: Error | undefined;
  #arrival: PromiseWithResolvers<void> | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#limit = options.limit;
  }

  /** What waits for the reader, in the unit of the limit. */
  get waiting(): number {
    return this.#waiting;
  }

  get hasRoom(): boolean {
    return this.#waiting < this.#limit;
  }

  /** Resolves when there is room for more, or nobody waits for it any more. */
  room(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Holds the maker back no more: what is left is little and has to come through. */
  release(): void {
    this.#limit = Infinity;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Holds the maker back as before, after all. */
  holdBack(): void {
    this.#limit = this.#options.limit;
  }

  /** Adds an item, room or not; it is dropped once the channel is over. */
  push(item: T, size = 1): void {
    if (this.#isOver) return;
    this.#slots.push({ item, size });
    this.#waiting += size;
    this.#wakeReader();
  }

  /** Nothing comes any more; the reader still gets what waits. */
  end(): void {
    this.#isOver = true;
    this.#wakeReader();
  }

  /** Drops what waits; the reader gets `reason` in its place. */
  fail(reason: Error): void {
    this.#failure = reason;
    this.#drop();
  }

  /** Takes the next item out, if one waits. */
  take(): T | undefined {
    return this.#shift()?.item;
  }

  /** Resolves with the next item once there is one. */
  async next(): Promise<IteratorResult<T, undefined>> {
    while (true) {
      const slot = this.#shift();
      if (slot !== undefined) return { done: false, value: slot.item };
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isOver) return { done: true, value: undefined };
      this.#arrival ??= Promise.withResolvers();
      await this.#arrival.promise;
    }
  }

  /**
   * The reader leaves. Done by hand, not by a generator: leaving one that
   * waits would wait for the next item.
   */
  return(): Promise<IteratorResult<T, undefined>> {
    if (!this.#isOver) this.#options.onLeave?.();
    this.#drop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #shift(): Slot<T> | undefined {
    const slot = this.#slots[this.#head];
    if (slot === undefined) return undefined;
    this.#slots[this.#head++] = undefined;
    // Now and then: to move the rest at every item would take quadratic time.
    if (this.#head * 2 >= this.#slots.length) {
      this.#slots.splice(0, this.#head);
      this.#head = 0;
    }
    this.#waiting -= slot.size;
    if (this.hasRoom) {
      this.#room?.resolve();
      this.#room = undefined;
    }
    return slot;
  }

  #drop(): void {
    this.#isOver = true;
    this.#slots = [];
    this.#head = 0;
    this.#waiting = 0;
    this.release();
    this.#wakeReader();
  }

  #wakeReader(): void {
    this.#arrival?.resolve();
    this.#arrival = undefined;
  }
}

/** How much may wait, and who hears of the reader. */
interface ChannelOptions {
  /** What may wait before there is no room, in whatever unit sizes are given. */
  readonly limit: number;
  /** Called when the reader leaves before the end. */
  onLeave?(): void;
}

interface Slot<T> {
  readonly item: T;
  readonly size: number;
}
