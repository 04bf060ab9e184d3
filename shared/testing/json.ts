/**
 * What a test or a bench reads of an answer that it has just asked for. Its
 * assertions say which fields it expects and what stands in them; a type for
 * each answer would say that a second time, unchecked. Whole answers are judged
 * by their schemas, in the contract tests.
 */
// deno-lint-ignore no-explicit-any -- see above
export type Json = any;
