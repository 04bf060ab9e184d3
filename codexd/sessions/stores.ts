import { join } from "@std/path";
import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { EventLog } from "./event_log.ts";
import { Idempotency } from "./idempotency.ts";
import { SessionIndex } from "./session_index.ts";
import { takeStateFolder } from "./state_folder.ts";

/** Everything that codexd keeps on disk, in a folder that is its alone. */
export interface Stores extends Disposable {
  readonly index: SessionIndex;
  readonly events: EventLog;
  readonly idempotency: Idempotency;
  /** See orphans. */
  readonly previousMark: string | undefined;
  /** What could not be written lately, in words. */
  faults(): string[];
}

/** Where the stores are, and how much they keep. */
export interface StoresOptions {
  readonly folder: string;
  /** See orphans. */
  readonly mark: string;
  readonly retentionDays: number;
  readonly retentionRows: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const DAY_MS = 86_400_000;
const MAX_EVENT_BYTES = 134_217_728;
const SEGMENT_BYTES = 8_388_608;
/** A fault that has not come again for so long is over. */
const FAULT_MS = 60_000;

/**
 * Opens the stores.
 * @throws {ConfigError} when another process has the folder
 */
export function openStores(options: StoresOptions): Stores {
  const { folder, mark, retentionDays, retentionRows, clock, log } = options;
  const faults = new Map<string, number>();
  const lately = (at: number) => clock.now() - at < FAULT_MS;
  const onError = (what: string) => (error: unknown) => {
    const fault = `Cannot write the ${what}: ${messageOf(error)}`;
    // A full disk would be told with every event.
    if (!lately(faults.get(fault) ?? -Infinity)) log.error(fault, { error });
    faults.set(fault, clock.now());
  };
  const maxAgeMs = retentionDays * DAY_MS;
  using opened = new DisposableStack();
  const state = opened.use(takeStateFolder(folder, mark));
  const index = opened.use(
    new SessionIndex({
      folder,
      clock,
      maxAgeMs,
      onError: onError("session index"),
    }),
  );
  const events = opened.use(
    new EventLog({
      folder: join(folder, "events"),
      clock,
      maxAgeMs,
      maxEvents: retentionRows,
      maxBytes: MAX_EVENT_BYTES,
      segmentBytes: SEGMENT_BYTES,
      onError: onError("event log"),
    }),
  );
  const idempotency = opened.use(
    new Idempotency({ folder, clock, onError: onError("idempotency journal") }),
  );
  const all = opened.move();
  return {
    index,
    events,
    idempotency,
    previousMark: state.previousMark,
    faults: () =>
      [...faults].filter(([, at]) => lately(at)).map(([fault]) => fault),
    [Symbol.dispose]: () => all.dispose(),
  };
}
