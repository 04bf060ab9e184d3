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
