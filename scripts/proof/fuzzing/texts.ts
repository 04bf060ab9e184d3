import fc from "fast-check";

/** Characters that have surprised a parser somewhere. */
const HOSTILE = [
  "\0",
  "\x01",
  "\x1b[31m",
  "\x7f",
  "\t",
  "\r",
  "\n",
  "\r\n",
  "\x85",
  "\u00a0",
  "\u017f",
  "\u0130",
  "\u200b",
  "\u202e",
  "\u2028",
  "\u212a",
  "\ufeff",
  "\ufffd",
  "\uffff",
  "\ud800",
  "\udc00",
  "\u{1f600}",
  "e\u0301",
  "%00",
  "%2e%2e%2f",
  "%c0%af",
  "%",
  "\\",
  '"',
  "'",
  "`",
  "$(x)",
  "__proto__",
  "constructor",
  "[",
  "{",
  "]]",
  "-0",
  "1e999",
  "NaN",
  "..",
  "/",
];

const MOST_REPEATS = 4_000;

const hostile = fc.constantFrom(...HOSTILE);

/** Any text: of letters, of any characters, of halves of characters, of what surprises. */
export const anyText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 24 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 24 })
    .map((units) => String.fromCharCode(...units)),
  fc.array(hostile, { maxLength: 12 }).map((it) => it.join("")),
);

/** Texts of a grammar's own pieces, in no order. */
export function soup(
  pieces: readonly string[],
  { maxLength = 24 }: { readonly maxLength?: number } = {},
): fc.Arbitrary<string> {
  return fc.array(
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...pieces) },
      { weight: 1, arbitrary: hostile },
    ),
    { maxLength },
  ).map((it) => it.join(""));
}

/** One piece again and again: what is read in more than one pass takes long. */
function long(pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.constantFrom(...pieces);
  return fc.tuple(
    fc.oneof(piece, hostile),
    fc.integer({ min: 1, max: MOST_REPEATS }),
    fc.oneof(piece, hostile),
  ).map(([first, times, last]) => first.repeat(times) + last);
}

/** What is done to a text where a change begins. */
const CHANGES = [
  (text: string, { at, piece }: Change) =>
    text.slice(0, at) + piece + text.slice(at),
  (text: string, { at, size }: Change) =>
    text.slice(0, at) + text.slice(at + size),
  (text: string, { at, piece, size }: Change) =>
    text.slice(0, at) + piece + text.slice(at + size),
  (text: string, { at, size }: Change) =>
    text.slice(0, at) + text.slice(at, at + size).repeat(3) +
    text.slice(at + size),
  (text: string, { at }: Change) => text.slice(0, at),
];

interface Change {
  readonly at: number;
  readonly size: number;
  readonly piece: string;
}

/** Valid texts with a few changes: what a parser was written for, not quite. */
function nearly(
  valid: fc.Arbitrary<string>,
  pieces: readonly string[],
): fc.Arbitrary<string> {
  const change = fc.record({
    kind: fc.nat({ max: CHANGES.length - 1 }),
    place: fc.nat({ max: 9_999 }),
    size: fc.nat({ max: 4 }),
    piece: fc.oneof(fc.constantFrom(...pieces), hostile),
  });
  return fc.tuple(valid, fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([text, changes]) =>
      changes.reduce((changed, { kind, place, size, piece }) => {
        const at = place % (changed.length + 1);
        return CHANGES[kind]?.(changed, { at, size, piece }) ?? changed;
      }, text)
    );
}

/** Valid ones, nearly valid ones, soup of their pieces, any text, long ones. */
export function texts(
  valid: fc.Arbitrary<string>,
  pieces: readonly string[],
): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 20, arbitrary: valid },
    { weight: 40, arbitrary: nearly(valid, pieces) },
    { weight: 25, arbitrary: soup(pieces) },
    { weight: 13, arbitrary: anyText },
    { weight: 2, arbitrary: long(pieces) },
  );
}

/** Where something is cut into pieces; see {@linkcode cut}. */
export const cuts = fc.array(fc.nat({ max: 9_999 }), { maxLength: 8 });

/** Cuts a text or bytes at some places, at the same one perhaps twice. */
export function cut<T extends string | Uint8Array>(
  whole: T,
  places: readonly number[],
): T[] {
  const ends = places.map((it) => it % (whole.length + 1));
  ends.sort((a, b) => a - b);
  return [...ends, whole.length].map((end, i) =>
    whole.slice(ends[i - 1] ?? 0, end) as T
  );
}

/**
 * No backslash: where a key that is one was read before, the runtime's own
 * `JSON.parse` takes any escaped character that is a key for another.
 */
const stringUnit = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0x20, max: 0x5b }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 0x1f }) },
  { weight: 3, arbitrary: fc.integer({ min: 0x5d, max: 0xd7ff }) },
  { weight: 1, arbitrary: fc.integer({ min: 0xe000, max: 0x10ffff }) },
).map((code) => String.fromCodePoint(code));
const keys = fc.constantFrom(...HOSTILE.filter((it) => it !== "\\"));

/** JSON as others send it: flat, deep, with names that objects have already. */
export const jsonValues: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: fc.jsonValue({ maxDepth: 2, stringUnit }) },
  { weight: 2, arbitrary: anyText },
  {
    weight: 1,
    arbitrary: fc.dictionary(keys, fc.jsonValue({ maxDepth: 1, stringUnit })),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 300 }).map((depth) => nested(depth)),
  },
);

/** An empty list in so many others. */
function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

/** Returns what is thrown; undefined when nothing is. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error ?? new Error("Nothing was thrown as an error");
  }
}
