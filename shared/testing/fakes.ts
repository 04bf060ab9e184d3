import { join } from "@std/path";
import type {
  AuditEntry,
  AuditIntent,
  AuditOutcome,
  AuditPort,
} from "../audit.ts";
import type { NewId } from "../ids.ts";
import type { Logger, LogLevel } from "../log.ts";

/** What a fake's member does until a test gives it something to do. */
export function unimplemented(name: string): never {
  throw new Error(`The fake has no "${name}"`);
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

/** A line that {@linkcode RecordingLogger} kept. */
export interface RecordedLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A logger that keeps its lines for a test to read. */
export class RecordingLogger implements Logger {
  readonly lines: RecordedLine[];
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(
    lines: RecordedLine[] = [],
    fields: Readonly<Record<string, unknown>> = {},
  ) {
    this.lines = lines;
    this.#fields = fields;
  }

  debug = this.#at("debug");
  info = this.#at("info");
  warn = this.#at("warn");
  error = this.#at("error");

  child(fields: Readonly<Record<string, unknown>>): Logger {
    return new RecordingLogger(this.lines, { ...this.#fields, ...fields });
  }

  #at(level: LogLevel) {
    return (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void this.lines.push({
        level,
        message,
        fields: { ...this.#fields, ...fields },
      });
  }
}

/** An audit that keeps its rows for a test to read. */
export class RecordingAudit implements AuditPort {
  readonly rows: {
    readonly intent: AuditIntent;
    outcome?: AuditOutcome;
  }[] = [];

  begin(intent: AuditIntent): Promise<AuditEntry> {
    const row: typeof this.rows[number] = { intent };
    this.rows.push(row);
    return Promise.resolve({
      finish(outcome) {
        row.outcome = outcome;
        return Promise.resolve();
      },
    });
  }
}

/** Identifiers in order: `task_1`, `task_2`, `run_1`, … */
export function countingIds(): NewId {
  const counts = new Map<string, number>();
  return (prefix) => {
    const count = (counts.get(prefix) ?? 0) + 1;
    counts.set(prefix, count);
    return `${prefix}_${count}`;
  };
}

/** A temporary directory, by its real path, that is removed at the end of its scope. */
export interface TempDir extends AsyncDisposable {
  readonly path: string;
  join(...parts: string[]): string;
}

/** Makes a temporary directory. */
export async function tempDir(): Promise<TempDir> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  return {
    path,
    join: (...parts) => join(path, ...parts),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
