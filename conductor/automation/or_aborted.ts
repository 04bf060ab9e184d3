import { ROOM } from "./log_sink.ts";

/** Work that is told to end must not wait for the database first. */
export function orAborted(
  room: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (room === ROOM || signal.aborted) return ROOM;
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    signal.removeEventListener("abort", done);
    resolve();
  };
  signal.addEventListener("abort", done, { once: true });
  void room.then(done);
  return promise;
}
