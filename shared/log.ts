import { type Clock, isoTime } from "./clock.ts";
import { printable } from "./printable.ts";
import { Redactor } from "./redact.ts";

/** How much a line matters, least first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

/** Facts of a log line; secrets in them are redacted before they are written. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The logging port. Given to whatever logs; nothing else may print. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose every line carries `fields` too. */
  child(fields: LogFields): Logger;
}

/** Where finished lines go. */
export interface LogSink {
  /** Takes a line without its line break. `urgent` ones are on disk on return. */
  write(line: string, urgent: boolean): void;
}

interface LoggerOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  readonly sink: LogSink | undefined;
  readonly redactor: Redactor;
  /** Shows each line to a person as well. */
  readonly terminal?: LogSink | undefined;
}

/** A line before it is text. */
interface LogLine {
  readonly time: string;
  /** Of whom it is, where lines of several are shown. */
  readonly service?: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** Returns a logger that writes lines of at least `level` to `sink`, redacted. */
export function createLogger(
  options: LoggerOptions,
  fields: LogFields = {},
): Logger {
  const { clock, sink, terminal, redactor } = options;
  const least = LOG_LEVELS.indexOf(options.level);
  const at = (level: LogLevel) => {
    const rank = LOG_LEVELS.indexOf(level);
    return (message: string, more?: LogFields) => {
      if (rank < least) return;
      const line = {
        time: isoTime(clock.now()),
        level,
        message: redactor.text(message),
        fields: redactor.fields({ ...fields, ...more }),
      };
      sink?.write(formatJson(line), rank >= 2);
      terminal?.write(formatReadable(line), true);
    };
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (more) => createLogger(options, { ...fields, ...more }),
  };
}

function formatJson({ time, level, message, fields }: LogLine): string {
  // An escape inside a JSON text is the character itself to whoever parses it.
  return printable(JSON.stringify({ ...fields, time, level, message }));
}

/** A line for a person at a terminal; what a request brought in cannot steer it, or pass for another line or fact. */
export function formatReadable(
  { time, service, level, message, fields }: LogLine,
): string {
  const facts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${readable(value)}`);
  const head = [
    service === undefined ? time.slice(11, 23) : time.padEnd(24),
    level.toUpperCase().padEnd(5),
    ...service === undefined ? [] : [service.padEnd(9)],
    message,
  ];
  return printable([...head, ...facts].join(" "));
}

function readable(value: unknown): string {
  return typeof value === "string" && /^[^\s"=]+$/.test(value)
    ? value
    : JSON.stringify(value);
}

const encoder = new TextEncoder();

/** Writes lines to standard error. */
export const stderrSink: LogSink = {
  write(line) {
    try {
      Deno.stderr.writeSync(encoder.encode(line + "\n"));
    } catch { /* the terminal is gone, which stops no daemon */ }
  },
};
