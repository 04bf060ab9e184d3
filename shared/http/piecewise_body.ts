import type { Clock, Timer } from "../clock.ts";
import { HeldText } from "../held_text.ts";

const encoder = new TextEncoder();
const LEAST_BYTES = 65_536;

/** Between two pieces, of whichever body, all else that waits has its turn. */
let turn = Promise.resolve();

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
    async pull(controller) {
      await (turn = turn.then(() => new Promise(setImmediate)));
      if (ended) return;
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

export interface PiecewiseOptions {
  readonly clock: Clock;
  /** A reader that takes nothing for this long is given up. */
  readonly stallMs: number;
  /** Called once: all was taken, or the reader has gone. */
  readonly onEnd: () => void;
}

/** Strings longer than this are written piece by piece. */
const PIECE_CHARS = 65_536;

/**
 * Writes a value as JSON in pieces of bounded size. One large string would
 * otherwise exist three times over: as it is, escaped, and as bytes. Objects
 * must be plain, as what a handler returns is.
 */
export function* jsonPieces(value: unknown): Generator<string> {
  if (typeof value === "string" && value.length > PIECE_CHARS) {
    yield '"';
    for (let at = 0; at < value.length; at += PIECE_CHARS) {
      // A pair of surrogates that is cut is escaped on both sides: still a pair.
      yield JSON.stringify(value.slice(at, at + PIECE_CHARS)).slice(1, -1);
    }
    yield '"';
  } else if (value instanceof HeldText) {
    yield '"';
    for (const piece of value.pieces()) {
      yield JSON.stringify(piece).slice(1, -1);
    }
    yield '"';
  } else if (Array.isArray(value)) {
    yield "[";
    for (const [index, item] of value.entries()) {
      if (index > 0) yield ",";
      yield* jsonPieces(item);
    }
    yield "]";
  } else if (typeof value === "object" && value !== null) {
    let separator = "{";
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      yield `${separator}${JSON.stringify(key)}:`;
      separator = ",";
      yield* jsonPieces(item);
    }
    yield separator === "{" ? "{}" : "}";
  } else yield JSON.stringify(value) ?? "null";
}
