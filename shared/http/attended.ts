import type { Clock, Timer } from "../clock.ts";

/** A caller who waits longer is sent something this often. */
const BEAT_MS = 1000;

/**
 * Answers as `answer` does, with its own status until the work has `begun`. One
 * that takes its time from then on is begun by `late`, with
 * blanks, which JSON allows before it: of a request whose body came after its
 * head, the runtime tells that its sender has left only when something is
 * written to it. Then `gone` is called.
 */
export async function attended(
  answer: Promise<Response>,
  { clock, begun, late, gone }: {
    readonly clock: Clock;
    readonly begun: Promise<void>;
    late(body: ReadableStream<Uint8Array>): Response;
    gone(): void;
  },
): Promise<Response> {
  const patience = Promise.withResolvers<undefined>();
  let isThere = false;
  let timer: Timer | undefined;
  begun.then(() => {
    if (isThere) return;
    timer = clock.after(BEAT_MS, () => patience.resolve(undefined));
  });
  const ready = await Promise.race([answer, patience.promise]).finally(() => {
    isThere = true;
    timer?.cancel();
  });
  if (ready !== undefined) return ready;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  finish(answer, { writable, clock }).catch(() => {
    gone();
    // What it still brings goes nowhere.
    answer.then((it) => it.body?.cancel()).catch(() => {});
  });
  return late(readable);
}

/** Writes blanks until there is an answer, and that. Throws when nobody reads. */
async function finish(
  answer: Promise<Response>,
  { writable, clock }: {
    readonly writable: WritableStream<Uint8Array>;
    readonly clock: Clock;
  },
): Promise<void> {
  const broken = Promise.withResolvers<never>();
  const writer = writable.getWriter();
  const beat = () => {
    writer.write(BLANK).catch(broken.reject);
    timer = clock.after(BEAT_MS, beat);
  };
  let timer = clock.after(0, beat);
  const { body } = await Promise.race([answer, broken.promise])
    .finally(() => timer.cancel());
  writer.releaseLock();
  await body?.pipeTo(writable);
}

const BLANK = new TextEncoder().encode("\n");
