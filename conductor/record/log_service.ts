import { z } from "zod";
import type { Clock } from "../../shared/clock.ts";
import {
  type DaemonLogEntry,
  DaemonLogs,
  LOGGED_SERVICES,
} from "../../shared/daemon_logs.ts";
import { LOG_LEVELS } from "../../shared/log.ts";
import { readCursor, writeCursor } from "../../shared/page.ts";
import type { Redactor } from "../../shared/redact.ts";
import { PLACE_BYTES } from "../../shared/rotating_file.ts";
import { sleep, within } from "../../shared/wait.ts";
import type { Poll } from "../store/mod.ts";
import type { HeldCalls } from "./held_calls.ts";

type Service = typeof LOGGED_SERVICES[number];

/** A line of a daemon's log. */
export const ServiceLogEntry = z.strictObject({
  seq: z.int(),
  time: z.string(),
  service: z.enum(LOGGED_SERVICES),
  level: z.enum(LOG_LEVELS),
  message: z.string(),
  request_id: z.string().nullable(),
  fields: z.record(z.string(), z.unknown()),
});
type ServiceLogEntry = z.infer<typeof ServiceLogEntry>;

/** Shows what the daemons of this node log, and holds calls until they log more. */
export class LogService {
  readonly #options: LogServiceOptions;
  readonly #logs: DaemonLogs<Service>;
  #nextLook: Promise<void> | undefined;

  constructor(options: LogServiceOptions) {
    this.#options = options;
    this.#logs = new DaemonLogs({
      ...options,
      services: LOGGED_SERVICES,
      maxChars: MAX_CHARS,
    });
  }

  /**
   * Oldest first; without `after` the last ones.
   * @throws {AppError} `TOO_MANY_REQUESTS` when it would wait and too many are held
   */
  async read(
    { after, wait_ms: waitMs, service, ...query }: LogQuery,
    signal: AbortSignal,
  ): Promise<Poll<ServiceLogEntry>> {
    const { clock, held } = this.#options;
    const services = service === undefined ? LOGGED_SERVICES : [service];
    const begun = after === undefined
      ? undefined
      : await this.#behind(after, services);
    const places = begun?.places;
    const read = (after: typeof places) =>
      this.#logs.read({ ...query, services, after, signal });
    this.#options.flush();
    let part = await read(places);
    if (waitMs > 0 && part.entries.length === 0 && begun?.gap === undefined) {
      using _ = held.enter();
      const until = clock.monotonic() + waitMs;
      const end = AbortSignal.any([signal, held.stopped]);
      while (part.entries.length === 0 && !end.aborted) {
        const ms = until - clock.monotonic();
        if (ms <= 0) break;
        await within(this.#look(), { clock, ms, signal: end });
        part = await read(part.places);
      }
    }
    const items = part.entries.map(({ places, ...entry }) => ({
      seq: seqOf(places),
      ...entry,
    }));
    const last_seq = items.at(-1)?.seq ?? seqOf(part.places);
    return {
      items,
      last_seq,
      next_cursor: part.hasMore ? writeCursor("logs", last_seq) : null,
      gap: begun?.gap ?? null,
    };
  }

  /**
   * Returns the seq after which a cursor goes on.
   * @throws {AppError} `INVALID_INPUT`
   */
  placeOf(cursor: string): number {
    return readCursor(cursor, { list: "logs", place: z.int() });
  }

  /** Where a reading goes on, and what is gone of what it has not seen. */
  async #behind(after: number, services: readonly Service[]) {
    const begins = await this.#logs.begins();
    const places = placesOf(after, await this.#logs.ends());
    const lost = services.filter((it) => places[it] < begins[it]);
    for (const it of LOGGED_SERVICES) {
      places[it] = Math.max(places[it], begins[it]);
    }
    const to_seq = Math.max(after + 1, seqOf(places));
    return {
      places,
      gap: lost.length === 0 ? undefined : { from_seq: after + 1, to_seq },
    };
  }

  /** Resolves when files are looked at next: together, for all that are held. */
  #look(): Promise<void> {
    const { clock, held, flush } = this.#options;
    return this.#nextLook ??= sleep(clock, LOOK_MS, held.stopped).then(() => {
      this.#nextLook = undefined;
      flush();
    });
  }
}

interface LogServiceOptions {
  readonly logsDir: string;
  readonly redactor: Redactor;
  readonly held: Pick<HeldCalls, "enter" | "stopped">;
  readonly clock: Clock;
  /** Has this daemon's own lines written. */
  readonly flush: () => void;
}

interface LogQuery {
  readonly after: number | undefined;
  readonly limit: number;
  readonly wait_ms: number;
  readonly service?: Service | undefined;
  readonly level?: DaemonLogEntry["level"] | undefined;
  readonly request_id?: string | undefined;
}

const LOOK_MS = 200;
/** Of one answer. */
const MAX_CHARS = 2_097_152;

/**
 * One number holds the places in both logs, in units of which no line is
 * shorter, so that it has 15 digits at most. Each part begins anew after one or
 * two gigabytes, more than is ever kept.
 */
const WRAP = { conductor: 2 ** 25, codexd: 2 ** 24 } as const;

type Places = Record<Service, number>;

function seqOf({ conductor, codexd }: Places): number {
  const unit = (place: number) => Math.floor(place / PLACE_BYTES);
  return (unit(conductor) % WRAP.conductor) * WRAP.codexd +
    unit(codexd) % WRAP.codexd;
}

/** Of the places that a number stands for, those that come last before the ends. */
function placesOf(seq: number, ends: Places): Places {
  // From the oldest line on, however much was ever written.
  if (seq === 0) return { conductor: 0, codexd: 0 };
  const place = (unit: number, service: Service) => {
    const wrap = WRAP[service];
    const end = Math.floor(ends[service] / PLACE_BYTES);
    const turns = Math.floor((end - unit) / wrap);
    return (unit + turns * wrap) * PLACE_BYTES;
  };
  return {
    conductor: place(Math.floor(seq / WRAP.codexd), "conductor"),
    codexd: place(seq % WRAP.codexd, "codexd"),
  };
}
