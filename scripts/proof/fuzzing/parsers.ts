import { CRON_PARSER } from "./cron_parser.ts";
import { EDIT_PARSER } from "./edit_parser.ts";
import { HEAD_PARSERS } from "./head_parsers.ts";
import { MESSAGE_PARSERS } from "./message_parsers.ts";
import { PATH_PARSER } from "./path_parser.ts";
import { REDACTION_PARSER } from "./redaction_parser.ts";
import type { Parser } from "./run_parser.ts";
import { STREAM_PARSERS } from "./stream_parsers.ts";

/** Every part of the product that reads what others wrote. */
export const PARSERS: readonly Parser[] = [
  ...HEAD_PARSERS,
  ...STREAM_PARSERS,
  PATH_PARSER,
  CRON_PARSER,
  EDIT_PARSER,
  REDACTION_PARSER,
  ...MESSAGE_PARSERS,
];
