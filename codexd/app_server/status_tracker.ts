import type { Clock } from "../../shared/clock.ts";
import type {
  AppServerState,
  AppServerStatus,
  Fault,
} from "../../shared/contracts/mod.ts";
import { within } from "../../shared/wait.ts";
import { SUPPORTED_VERSIONS, TESTED_VERSION } from "./version.ts";

/** How the app-server stands; tells when its state changes. */
export class StatusTracker {
  readonly #clock: Clock;
  readonly #tell: (status: AppServerStatus, reason: string | null) => void;
  #status: AppServerStatus = {
    state: "starting",
    fault: null,
    pid: null,
    version: null,
    supported_versions: SUPPORTED_VERSIONS,
    tested_version: TESTED_VERSION,
    binary: null,
    codex_home: null,
    started_at: null,
    outdated: null,
    restarts: 0,
    next_attempt_at: null,
    last_exit: null,
  };
  /** What was told last, so that nothing is told twice. */
  #told = "";
  #changed = Promise.withResolvers<void>();

  constructor(
    clock: Clock,
    tell: (status: AppServerStatus, reason: string | null) => void,
  ) {
    this.#clock = clock;
    this.#tell = tell;
  }

  get now(): AppServerStatus {
    return this.#status;
  }

  /** Takes note of what is not told by itself. */
  note(facts: Partial<AppServerStatus>): void {
    this.#status = { ...this.#status, ...facts };
  }

  /** Changes the state; the reason of `fault` is told along with it. */
  set(state: AppServerState, fault: Fault | null = null): void {
    this.note({ state, fault });
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    const news = `${state} ${fault?.reason} ${this.#status.restarts}`;
    if (news === this.#told) return;
    this.#told = news;
    this.#tell(this.#status, fault?.reason ?? null);
  }

  /** Resolves at the next change, after `ms` milliseconds or when `signal` aborts. */
  async change(ms: number, signal: AbortSignal): Promise<void> {
    await within(this.#changed.promise, { ms, clock: this.#clock, signal });
  }
}
