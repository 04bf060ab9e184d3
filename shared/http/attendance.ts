import type { Clock, Timer } from "../clock.ts";
import { AppError } from "../errors.ts";

/** A caller who waits longer is sent something, and from then on this often. */
const BEAT_MS = 1000;

/** That a caller has left is known so soon after something was sent. */
const NEWS_MS = 20;

/**
 * Finds out whether a caller is still there while its answer is worked on. Of a
 * request whose body came after its head, the runtime tells that its sender has
 * left only when its answer has begun: so one that takes its time begins with
 * blanks, which its format allows before it.
 */
export class Attendance {
  readonly #clock: Clock;
  readonly #gone = new AbortController();
  readonly #impatience = Promise.withResolvers<undefined>();
  readonly #seen = Promise.withResolvers<void>();
  #isAnswered = false;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Aborts when the caller was found to have gone. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /**
   * Tells that the answer may begin before it is known: soon, or for who
   * `hasWaited` at once, and then it resolves when `gone` is right.
   */
  async begun({ hasWaited = false } = {}): Promise<void> {
    if (this.#isAnswered) return;
    if (hasWaited) {
      this.#impatience.resolve(undefined);
      await this.#seen.promise;
    } else {
      this.#timer ??= this.#clock.after(
        BEAT_MS,
        () => this.#impatience.resolve(undefined),
      );
    }
  }

  /**
   * Answers as `answer` does, with its own status until the work has begun. One
   * that takes its time from then on is what `late` makes of a body.
   */
  async answer(
    answer: Promise<Response>,
    { blank, late }: {
      /** What the format of the answer allows before it. */
      readonly blank: string;
      late(body: ReadableStream<Uint8Array>): Response;
    },
  ): Promise<Response> {
    const ready = await Promise.race([answer, this.#impatience.promise])
      .finally(() => {
        this.#isAnswered = true;
        this.#timer?.cancel();
      });
    return ready ?? late(this.#blanksBefore(answer, encoder.encode(blank)));
  }

  #blanksBefore(
    answer: Promise<Response>,
    blank: Uint8Array,
  ): ReadableStream<Uint8Array> {
    let beat: Timer | undefined;
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    const over = answer.finally(() => beat?.cancel());
    over.catch(() => {});
    return new ReadableStream<Uint8Array>({
      start: (body) => {
        const say = () => {
          // Whether it was taken or not: nobody waits longer to be let begin.
          if (beat !== undefined) this.#seen.resolve();
          // Who takes nothing is told as much by what waits for it.
          if ((body.desiredSize ?? 0) > 0) body.enqueue(blank);
          beat = this.#clock.after(BEAT_MS, say);
        };
        say();
      },
      pull: async (body) => {
        if (reader === undefined) {
          // The first blank was taken: if nobody is there, that comes out now.
          const news = this.#clock.after(NEWS_MS, this.#seen.resolve);
          const { body: rest } = await over.finally(() => news.cancel());
          if (this.gone.aborted) return;
          reader = rest?.getReader();
        }
        const { value } = await reader?.read() ?? {};
        if (value === undefined) body.close();
        else body.enqueue(value);
      },
      cancel: async () => {
        beat?.cancel();
        this.#gone.abort(new AppError("CANCELED"));
        this.#seen.resolve();
        // What it still brings goes nowhere.
        if (reader !== undefined) await reader.cancel();
        else over.then(({ body }) => body?.cancel()).catch(() => {});
      },
    });
  }
}

const encoder = new TextEncoder();
