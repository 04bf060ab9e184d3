/**
 * Puts pieces together; a single one is returned as it is.
 * @param {readonly Uint8Array<ArrayBuffer>[]} pieces
 */
export function joinBytes([first = new Uint8Array(), ...rest]) {
  if (rest.length === 0) return first;
  const bytes = rest.reduce((sum, it) => sum + it.length, first.length);
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of [first, ...rest]) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
