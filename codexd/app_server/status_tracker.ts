import { type Clock, isoTime } from "../../shared/clock.ts";
import type {
  AppServerState,
  AppServerStatus,
  Fault,
  LastExit,
} from "../../shared/contracts/mod.ts";
import { within } from "../../shared/wait.ts";
import { SUPPORTED_VERSIONS, TESTED_VERSION } from "./version.ts";

/** How the app-server stands; tells when that changes. */
export class StatusTracker {
  readonly facts: Facts = {
    pid: null,
    version: null,
    binary: null,
    codexHome: null,
    startedAt: null,
    nextAttemptAt: null,
    lastExit: null,
    restarts: 0,
  };
  readonly #clock: Clock;
  readonly #tell: (status: AppServerStatus, reason: string | null) => void;
  #state: AppServerState = "starting";
  #fault: Fault | undefined;
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

  get state(): AppServerState {
    return this.#state;
  }

  /** What keeps it from working. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Changes the state; `reason` is told along with it. */
  set(state: AppServerState, fault?: Fault): void {
    this.#state = state;
    this.#fault = fault;
    this.wake();
    const news = `${state} ${fault?.reason} ${this.facts.restarts}`;
    if (news === this.#told) return;
    this.#told = news;
    this.#tell(this.status(), fault?.reason ?? null);
  }

  /** Lets who waits for a change look again. */
  wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }

  /** Resolves at the next change, or after `ms` milliseconds. */
  async change(ms: number): Promise<void> {
    await within(this.#changed.promise, ms, this.#clock);
  }

  status(): AppServerStatus {
    const { facts } = this;
    return {
      state: this.#state,
      fault: this.#fault ?? null,
      pid: facts.pid,
      version: facts.version,
      supported_versions: SUPPORTED_VERSIONS,
      tested_version: TESTED_VERSION,
      binary: facts.binary,
      codex_home: facts.codexHome,
      started_at: time(facts.startedAt),
      restarts: facts.restarts,
      next_attempt_at: time(facts.nextAttemptAt),
      last_exit: facts.lastExit,
    };
  }
}

/** What is known of the app-server beside its state. */
interface Facts {
  pid: number | null;
  version: string | null;
  binary: string | null;
  codexHome: string | null;
  startedAt: number | null;
  nextAttemptAt: number | null;
  lastExit: LastExit | null;
  restarts: number;
}

function time(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}
