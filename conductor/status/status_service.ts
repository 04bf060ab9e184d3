import { type Clock, isoTime } from "../../shared/clock.ts";
import type { PublicStatus, Status } from "./contract.ts";
import type { DaemonPorts, DaemonSelf } from "../../shared/daemon/mod.ts";
import { messageOf } from "../../shared/errors.ts";
import type { BackupService } from "../record/mod.ts";
import type { Identity, RunHistoryStore, SystemState } from "../store/mod.ts";
import { firstHour, lastDay } from "./run_hours.ts";

/** What the status is made from: a slice of each room. */
const ERRORS_SHOWN = 5;
/** A message may be as long as what a program printed. */
const MESSAGE_SHOWN = 500;

/** Sums up how the node is; answers whatever is broken. */
export class StatusService {
  readonly #sources: StatusSources;

  constructor(sources: StatusSources) {
    this.#sources = sources;
  }

  /** What a stranger may see. */
  public(): PublicStatus {
    const { self, system } = this.#sources;
    return {
      mode: orElse(() => system.state().mode, "unknown" as const),
      ...self.summary(),
    };
  }

  /** Everything at a glance. */
  async full(): Promise<Status> {
    const { self, identity, whoMay, system, codexd, browser, disk, clock } =
      this.#sources;
    const now = clock.now();
    const { ready, reasons, degraded, away } = self.condition();
    const [room, way] = await Promise.all([
      disk(),
      this.#sources.groupWay(),
    ]);
    const unread: string[] = [];
    const stored = orElse(
      () => this.#stored(now),
      nothingStored(now),
      (error) => {
        const message = messageOf(error);
        // Damage stands among the reasons, with what to do about it.
        if (reasons.some((it) => it.includes(message))) return;
        unread.push(`The database cannot be read: ${message}`);
      },
    );
    const role = orElse(() => system.state().node.role, "standby" as const);
    return {
      ...stored,
      ...self.summary(),
      at: isoTime(now),
      who_may: whoMay,
      ready,
      reasons: [...reasons, ...unread],
      degraded: [...degraded, ...away],
      node: {
        controller_id: identity.controller_id,
        host: identity.host,
        role,
      },
      codexd: codexd(),
      browser: browser(),
      disk: room,
      backup: this.#backup(),
      descriptors: this.#descriptors(),
      notifications: orElse(this.#sources.notifications, null),
      process_groups: way,
      versions: { conductor: self.version, deno: Deno.version.deno },
    };
  }

  #backup(): Status["backup"] {
    const all = this.#sources.backups.list();
    const [newest] = all;
    if (newest === undefined) return null;
    const { path, created_at, size_bytes, verified } = newest;
    return { path, created_at, size_bytes, verified, kept: all.length };
  }

  #descriptors(): Status["descriptors"] {
    const { inUse, limit = null } = this.#sources.descriptors;
    return inUse === undefined ? null : { in_use: inUse, limit };
  }

  #stored(now: number): Stored {
    const { system, history, schedules } = this.#sources;
    const { mode, automation, drained, leader, queue, active_runs } = system
      .state();
    const { updated_at, requested_by, reason, source } = automation;
    return {
      mode,
      automation: { updated_at, requested_by, reason, source },
      drained,
      leader: leader && {
        controller_id: leader.controller_id,
        host: leader.host,
        lease_expires_at: leader.lease_expires_at,
        term: leader.term,
      },
      queue,
      active_runs,
      runs: lastDay(history.byHour(firstHour(now)), now),
      last_errors: history.lastFailed(ERRORS_SHOWN).map((it) => ({
        ...it,
        message: it.message?.slice(0, MESSAGE_SHOWN) ?? null,
        stderr_line: it.stderr_line?.slice(0, MESSAGE_SHOWN) ?? null,
      })),
      schedules: schedules(now),
    };
  }
}

/** What of the status stands in the database. */
type Stored = Pick<
  Status,
  | "mode"
  | "automation"
  | "drained"
  | "leader"
  | "queue"
  | "active_runs"
  | "runs"
  | "last_errors"
  | "schedules"
>;

export interface StatusSources {
  readonly self: Pick<DaemonSelf, "version" | "summary" | "condition">;
  readonly identity: Identity;
  /** Who can do what, in one line. */
  readonly whoMay: string;
  readonly system: { state(): SystemState };
  readonly history: Pick<RunHistoryStore, "byHour" | "lastFailed">;
  readonly schedules: (now: number) => Status["schedules"];
  readonly codexd: () => Status["codexd"];
  readonly browser: () => Status["browser"];
  readonly disk: () => Promise<Status["disk"]>;
  readonly notifications: () => Status["notifications"];
  readonly backups: Pick<BackupService, "list">;
  readonly descriptors: DaemonPorts["descriptors"];
  readonly groupWay: () => Promise<Status["process_groups"]>;
  readonly clock: Clock;
}

function nothingStored(now: number): Stored {
  return {
    mode: "unknown",
    automation: null,
    drained: false,
    leader: null,
    queue: { active_runs: 0, queued_tasks: 0 },
    active_runs: [],
    runs: lastDay([], now),
    last_errors: [],
    schedules: null,
  };
}

function orElse<T>(
  read: () => T,
  otherwise: T,
  onError: (error: unknown) => void = () => {},
): T {
  try {
    return read();
  } catch (error) {
    onError(error);
    return otherwise;
  }
}
