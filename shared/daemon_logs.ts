import { LOG_LEVELS, type LogFields, type LogLevel } from "./log.ts";
import type { Redactor } from "./redact.ts";
import { PLACE_BYTES } from "./rotating_file.ts";
import { type LogFileLine, ServiceLog } from "./service_log.ts";

/** The logs of several services, read as one: oldest first, by the time of each line. */
export class DaemonLogs<S extends string = string> {
  readonly #logs: ReadonlyMap<S, ServiceLog>;
  readonly #redactor: Pick<Redactor, "text" | "fields">;
  readonly #maxChars: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DaemonLogsOptions<S>) {
    const { logsDir, services, redactor, maxChars = Infinity } = options;
    this.#maxChars = maxChars;
    this.#redactor = redactor;
    this.#logs = new Map(
      services.map((it) => [it, new ServiceLog(logsDir, it)]),
    );
  }

  /** Where what is kept of each log begins. */
  begins(): Promise<Places<S>> {
    return this.#places((log) => log.begin());
  }

  /** Where each log ends now. */
  ends(): Promise<Places<S>> {
    return this.#places((log) => log.end());
  }

  /**
   * Returns at most `limit` entries: those behind the places `after`, else the
   * last. One call reads at a time, in pieces, however long the logs are.
   */
  async read(query: LogsQuery<S>): Promise<LogsPart<S>> {
    const before = this.#last;
    const turn = Promise.withResolvers<void>();
    this.#last = turn.promise;
    await before;
    try {
      for (let tries = 1;; tries++) {
        try {
          return await (query.after === undefined
            ? this.#tail(query)
            : this.#behind(query, query.after));
        } catch (error) {
          // The oldest file has gone meanwhile.
          const isGone = error instanceof Deno.errors.NotFound;
          if (!isGone || tries === MOST_TRIES) throw error;
        }
      }
    } finally {
      turn.resolve();
    }
  }

  async #behind(query: LogsQuery<S>, after: Places<S>): Promise<LogsPart<S>> {
    const places = { ...after };
    const streams = this.#chosen(query).map(([service, log]) => ({
      found: this.#find(log.forward(after[service]), {
        service,
        query,
        onPassed: ({ end }) => places[service] = end,
      }),
      head: undefined as Found<S> | undefined,
      time: "",
    }));
    const entries: LogsPart<S>["entries"][number][] = [];
    let chars = 0;
    try {
      while (true) {
        for (const stream of streams) {
          if (stream.head !== undefined) continue;
          const { value } = await stream.found.next();
          stream.time = value?.entry.time || stream.time;
          stream.head = value && withTime(value, stream.time);
        }
        const [next] = streams.filter(({ head }) => head !== undefined)
          .sort((a, b) => compare(a.time, b.time));
        const { head } = next ?? {};
        if (next === undefined || head === undefined) {
          return { entries, places, hasMore: false };
        }
        if (entries.length === query.limit || chars > this.#maxChars) {
          return { entries, places, hasMore: true };
        }
        next.head = undefined;
        places[head.entry.service] = head.end;
        chars += head.text?.length ?? 0;
        entries.push({ ...head.entry, places: { ...places } });
      }
    } finally {
      for (const { found } of streams) await found.return(undefined);
    }
  }

  async #tail(query: LogsQuery<S>): Promise<LogsPart<S>> {
    const places = await this.ends();
    const all: Found<S>[][] = [];
    for (const [service, log] of this.#chosen(query)) {
      const own: Found<S>[] = [];
      let chars = 0;
      let newest: number | undefined;
      const found = this.#find(log.backward(places[service]), {
        service,
        query,
        onPassed: ({ end }) => newest ??= end,
      });
      for await (const it of found) {
        newest ??= it.end;
        own.push(it);
        chars += it.text?.length ?? 0;
        if (own.length === query.limit || chars > this.#maxChars) break;
      }
      // What has not ended is not yet a line, and still to be read.
      places[service] = newest ?? await log.begin();
      let time = "";
      all.push(
        own.reverse().map((it) => {
          time = it.entry.time || time;
          return withTime(it, time);
        }),
      );
    }
    const shown: Found<S>[] = [];
    while (shown.length < query.limit) {
      // Each log keeps its order, whatever its clock was set to.
      const [newest] = all.filter((it) => it.length > 0)
        .sort((a, b) => compare(timeOf(a.at(-1)), timeOf(b.at(-1))))
        .slice(-1);
      const line = newest?.pop();
      if (line === undefined) break;
      shown.unshift(line);
      places[line.entry.service] = line.begin;
    }
    const entries = shown.map(({ entry, end }) => {
      places[entry.service] = end;
      return { ...entry, places: { ...places } };
    });
    return { entries, places, hasMore: false };
  }

  /** Yields the entries that are asked for; tells of every other line. */
  async *#find(
    lines: AsyncGenerator<readonly LogFileLine[]>,
    { service, query, onPassed }: {
      readonly service: S;
      readonly query: LogsQuery<S>;
      readonly onPassed: (line: LogFileLine) => void;
    },
  ): AsyncGenerator<Found<S>, undefined> {
    for await (const batch of lines) {
      // Whoever asked has gone: nobody reads the answer.
      if (query.signal?.aborted) return undefined;
      for (const line of batch) {
        // A shorter one has no place of its own; no daemon writes any.
        const isLong = line.end - line.begin >= PLACE_BYTES;
        const said = isLong ? readLine(line) : undefined;
        if (said !== undefined && isWanted(said, query)) {
          yield { ...line, entry: this.#entry(said, service) };
        } else onPassed(line);
      }
    }
    return undefined;
  }

  #entry(
    { time, level, message, request_id, fields }: Said,
    service: S,
  ): DaemonLogEntry<S> {
    const redactor = this.#redactor;
    return {
      service,
      time: redactor.text(time),
      level,
      message: redactor.text(message),
      request_id: request_id && redactor.text(request_id),
      fields: redactor.fields(fields),
    };
  }

  async #places(of: (log: ServiceLog) => Promise<number>): Promise<Places<S>> {
    const places: [S, number][] = [];
    for (const [service, log] of this.#logs) {
      places.push([service, await of(log)]);
    }
    return Object.fromEntries(places) as Places<S>;
  }

  #chosen({ services }: LogsQuery<S>) {
    return [...this.#logs].filter(([it]) => services?.includes(it) ?? true);
  }
}

/** The services that log to files of their own. */
export const LOGGED_SERVICES = ["conductor", "codexd"] as const;

/** What a line of a log says. */
export interface DaemonLogEntry<S extends string = string> {
  readonly service: S;
  /** As the line has it; that of the line before where it has none. */
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly request_id: string | null;
  readonly fields: LogFields;
}

/** How far each log has been read, in bytes of all that was ever written. */
export type Places<S extends string> = Record<S, number>;

/** Entries with the places behind them, and how far the reading has come. */
interface LogsPart<S extends string> {
  readonly entries:
    readonly (DaemonLogEntry<S> & { readonly places: Places<S> })[];
  readonly places: Places<S>;
  /** Whether entries are left that were there already. */
  readonly hasMore: boolean;
}

interface LogsQuery<S extends string> {
  readonly limit: number;
  /** None: the last entries. */
  readonly after?: Places<S> | undefined;
  /** Default: all. */
  readonly services?: readonly S[] | undefined;
  /** The least. Default: every one. */
  readonly level?: LogLevel | undefined;
  readonly request_id?: string | undefined;
  readonly signal?: AbortSignal;
}

interface DaemonLogsOptions<S extends string> {
  readonly logsDir: string;
  readonly services: readonly S[];
  readonly redactor: Pick<Redactor, "text" | "fields">;
  /** Behind so many characters no further entry is read at once. Default: however many. */
  readonly maxChars?: number;
}

interface Found<S extends string> extends LogFileLine {
  readonly entry: DaemonLogEntry<S>;
}

const MOST_TRIES = 5;
/** So much of a line that cannot be read. */
const SHOWN_CHARS = 500;
const UNREADABLE_LEVEL = "warn";

/** What a line says, its secrets with it. */
type Said = Omit<DaemonLogEntry, "service">;

function readLine({ text, begin, end }: LogFileLine): Said {
  const { time, level, message, request_id, ...fields } = parsed(text) ?? {
    time: "",
    message: "Cannot read this line: it was cut, or no daemon wrote it",
    ...(text === undefined
      ? { bytes: end - begin }
      : { text: text.slice(0, SHOWN_CHARS) }),
  };
  return {
    time: String(time),
    level: LOG_LEVELS.find((it) => it === level) ?? UNREADABLE_LEVEL,
    message: String(message),
    request_id: typeof request_id === "string" ? request_id : null,
    fields,
  };
}

function parsed(
  text: string | undefined,
): Readonly<Record<string, unknown>> | undefined {
  try {
    const line = JSON.parse(text ?? "");
    return typeof line?.time === "string" && typeof line.message === "string"
      ? line
      : undefined;
  } catch {
    return undefined;
  }
}

function isWanted(
  said: Said,
  { level = "debug", request_id }: LogsQuery<string>,
): boolean {
  return LOG_LEVELS.indexOf(said.level) >= LOG_LEVELS.indexOf(level) &&
    (request_id === undefined || said.request_id === request_id);
}

/** A line without a time has that of the one before. */
function withTime<S extends string>(
  found: Found<S>,
  time: string,
): Found<S> {
  return { ...found, entry: { ...found.entry, time } };
}

function timeOf(found: Found<string> | undefined): string {
  return found?.entry.time ?? "";
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
