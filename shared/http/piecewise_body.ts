import type { Clock, Timer } from "../clock.ts";
import { jsonPieces } from "./json_pieces.ts";

/** Options of {@linkcode piecewiseBody}. */
export interface PiecewiseOptions {
  readonly clock: Clock;
  /** A reader that takes nothing for this long is given up. */
  readonly stallMs: number;
  /** Called once: all was taken, or the reader has gone. */
  readonly onEnd: () => void;
}

const encoder = new TextEncoder();
const LEAST_BYTES = 65_536;

/** Turns a value into a JSON body that is made as its reader takes it. */
export function piecewiseBody(
  value: unknown,
  { clock, stallMs, onEnd }: PiecewiseOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = jsonPieces(value);
  let stall: Timer | undefined;
  let ended = false;
  const end = () => {
    stall?.cancel();
    if (!ended) onEnd();
    ended = true;
  };
  return new ReadableStream({
    start: (controller) => arm(controller),
    pull(controller) {
      let text = "";
      // Not `for … of`: leaving that would end the pieces.
      let piece = pieces.next();
      while (!piece.done) {
        text += piece.value;
        if (text.length >= LEAST_BYTES) {
          arm(controller);
          return controller.enqueue(encoder.encode(text));
        }
        piece = pieces.next();
      }
      if (text !== "") controller.enqueue(encoder.encode(text));
      end();
      controller.close();
    },
    cancel: end,
  });

  function arm(controller: ReadableStreamDefaultController): void {
    stall?.cancel();
    stall = clock.after(stallMs, () => {
      end();
      controller.error(new Error("The reader of this answer is too slow"));
    });
  }
}
