import type { Clock } from "../../shared/clock.ts";
import type {
  Mode,
  ModeChange,
  PublicState,
  Stores,
  SystemState,
} from "../store/mod.ts";
import type { Leadership } from "./leadership.ts";

/** The `source` by which an upgrade asks for its drain: it is only lent. */
export const UPGRADE = "upgrade";

/** More than an upgrade waits for runs: by then it is over, or has died. */
const UPGRADE_MS = 120_000;

/** The mode of automation: shows it, and changes it. */
export class SystemService {
  readonly #options: SystemServiceOptions;
  readonly #listeners = new Set<(state: SystemState) => void>();

  constructor(options: SystemServiceOptions) {
    this.#options = options;
  }

  /** Adds someone to be given the latest state when the mode has changed. */
  onMode(listener: (state: SystemState) => void): void {
    this.#listeners.add(listener);
  }

  /** The latest state: what every change of mode is answered with. */
  state(): SystemState {
    const { leadership, automation, counters, runs } = this.#options;
    const active = runs.active();
    const current = automation.get();
    return {
      mode: current.mode,
      ...this.#options.about(),
      automation: current,
      leader: leadership.leader(),
      queue: {
        active_runs: active.length,
        queued_tasks: counters.tasks("queued"),
      },
      drained: current.mode === "draining" && active.length === 0,
      active_runs: active,
      node: { ...leadership.identity, role: leadership.role },
    };
  }

  /** What of the state anybody may know. */
  publicState(): PublicState {
    const { mode } = this.#options.automation.get();
    return { mode, ...this.#options.about() };
  }

  /** Lets automation run again when an upgrade drained it and never gave that back. */
  endOverdueDrain(): void {
    const { automation, clock } = this.#options;
    const { mode, source, updated_at } = automation.get();
    if (mode !== "draining" || source !== UPGRADE) return;
    if (clock.now() - Date.parse(updated_at) < UPGRADE_MS) return;
    const reason = "the upgrade that had it drained never said that it ended";
    this.setMode("running", { requested_by: "conductor", reason, source });
  }

  /**
   * Changes the mode; when it is that already, nothing is written, unless an
   * upgrade's drain is asked for again: then it is the last caller's.
   * @throws {AppError} `NOT_LEADER`
   */
  setMode(mode: Mode, change: ModeChange): SystemState {
    const { leadership, automation, events, clock } = this.#options;
    const changed = leadership.write(() => {
      const { mode: previous, source } = automation.get();
      const isLent = previous === "draining" && source === UPGRADE;
      if (previous === mode && !isLent) return false;
      const at = clock.now();
      automation.set(mode, { ...change, at });
      events.append("system.mode_changed", {
        mode,
        previous,
        requested_by: change.requested_by ?? null,
        reason: change.reason ?? null,
        source: change.source ?? null,
      }, at);
      return true;
    });
    const state = this.state();
    if (changed) {
      for (const listener of this.#listeners) listener(state);
    }
    return state;
  }
}

export interface SystemServiceOptions
  extends Pick<Stores, "automation" | "counters" | "runs" | "events"> {
  readonly leadership: Pick<
    Leadership,
    "write" | "leader" | "identity" | "role"
  >;
  readonly clock: Clock;
  /** What the daemon says of itself. */
  readonly about: () => Pick<PublicState, "health" | "version" | "uptime_ms">;
}
