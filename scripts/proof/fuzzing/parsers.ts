import { HEAD_PARSERS } from "./head_parsers.ts";
import type { Parser } from "./run_parser.ts";
import { STREAM_PARSERS } from "./stream_parsers.ts";

/** Every part of the product that reads what others wrote. */
export const PARSERS: readonly Parser[] = [
  ...HEAD_PARSERS,
  ...STREAM_PARSERS,
];
