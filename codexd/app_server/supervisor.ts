import type { ProcessGroups } from "../../host_ops/process/mod.ts";
import { type Clock, isoTime } from "../../shared/clock.ts";
import type {
  AppServerStatus,
  Fault,
  LastExit,
} from "../../shared/contracts/mod.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { sleep } from "../../shared/wait.ts";
import {
  type AppServerMessages,
  AppServerProcess,
} from "./app_server_process.ts";
import { type BinaryQuery, findBinary } from "./find_binary.ts";
import type { CodexClient } from "./codex_client.ts";
import { APP_SERVER_ARGS } from "./environment.ts";
import { fileStamp } from "./file_stamp.ts";
import { probeVersion } from "./probe_version.ts";
import { RestartBudget } from "./restart_budget.ts";
import { StatusTracker } from "./status_tracker.ts";
import type { TrafficLog } from "./traffic_log.ts";

/** How soon a missing binary is looked for again. */
const MISSING_MS = 5000;
/** How long a request waits for an app-server that is starting. */
const PATIENCE_MS = 8000;
const STOPPING = "codexd is stopping";
/** From the end of its input to its own. */
const LEAVE_MS = 1000;

/** Keeps one app-server running, and says how it stands. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #budget: RestartBudget;
  readonly #status: StatusTracker;
  readonly #stopping = new AbortController();
  #events: AppServerEvents | undefined;
  #running: Promise<void> | undefined;
  #process: AppServerProcess | undefined;
  #recycling = false;
  /** Of the binary that runs. */
  #binary: string | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#budget = options.budget ?? new RestartBudget(options);
    this.#status = new StatusTracker(options.clock, (status, reason) => {
      const { state, pid, version } = status;
      options.traffic?.note("state", { state, pid, version, reason });
      this.#events?.onState(status, reason);
    });
  }

  /** Begins to start app-servers, one after the other. */
  start(events: AppServerEvents): void {
    this.#events = events;
    this.#running = this.#run(events);
  }

  /** The app-server, when it is ready now. */
  get client(): CodexClient | undefined {
    return this.#status.now.state === "ready"
      ? this.#process?.client
      : undefined;
  }

  status(): AppServerStatus {
    return this.#status.now;
  }

  /**
   * Returns the app-server; waits a little for one that is starting.
   * @throws {AppError} CODEXD_UNAVAILABLE with the reason and what to do
   */
  async ready(): Promise<CodexClient> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    const status = this.#status;
    const until = clock.monotonic() + PATIENCE_MS;
    while (true) {
      const client = this.client;
      if (client !== undefined) return client;
      const left = until - clock.monotonic();
      const { state } = status.now;
      const hopeless = state === "missing" || state === "failed";
      if (hopeless || left <= 0 || signal.aborted) break;
      await status.change(left, signal);
    }
    const { state, fault: found } = status.now;
    const fault = found ??
      { reason: `the app-server is ${state}`, fix: "Try again shortly" };
    throw new AppError(
      "CODEXD_UNAVAILABLE",
      `Cannot use Codex: ${fault.reason}`,
      {
        details: { ...fault, state },
        hint: `${fault.fix}.`,
        // A binary does not come by itself.
        ...(state === "missing" && { retryable: false }),
      },
    );
  }

  /** Whether another binary is where the running one was found. */
  async isReplaced(): Promise<boolean> {
    if (this.#binary === undefined) return false;
    const found = await findBinary(this.#options.binary);
    // One that is away may come back: what runs goes on meanwhile.
    if ("fault" in found) return false;
    const now = await fileStamp(found.program);
    return now !== null && now !== this.#binary;
  }

  /** Takes note, and tells, that it is to be started anew once no turn runs. */
  noteOutdated(why: string | undefined): void {
    const { outdated } = this.#status.now;
    if ((outdated === null) === (why === undefined)) return;
    this.#status.note({ outdated: why ?? null });
    if (why !== undefined) this.#events?.onOutdated(why);
  }

  /** Ends the app-server and starts another at once, without counting it as a mishap. */
  async recycle(): Promise<void> {
    if (this.#process === undefined) return;
    this.#recycling = true;
    await this.#process.stop("it is started anew", LEAVE_MS);
  }

  /** Ends the app-server for good; after `graceMs` with force. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    await this.#process?.stop(STOPPING, graceMs);
    await this.#running;
  }

  async #run(events: AppServerEvents): Promise<void> {
    const { clock, log } = this.#options;
    const status = this.#status;
    const { signal } = this.#stopping;
    await this.#sweep();
    while (!signal.aborted) {
      const program = await this.#look();
      if (program === undefined) {
        status.note({ next_attempt_at: isoTime(clock.now() + MISSING_MS) });
        await sleep(clock, MISSING_MS, signal);
        continue;
      }
      status.note({ next_attempt_at: null });
      const reason = await this.#runOnce(program, events);
      if (signal.aborted) break;
      if (this.#recycling) {
        this.#recycling = false;
        status.set("restarting");
        continue;
      }
      const { delayMs, exhausted } = this.#budget.next();
      status.note({
        restarts: status.now.restarts + 1,
        next_attempt_at: isoTime(clock.now() + delayMs),
      });
      log.warn("The app-server ended", { reason, delay_ms: delayMs });
      status.set(exhausted ? "failed" : "restarting", ended(reason));
      await sleep(clock, delayMs, signal);
    }
  }

  /** Finds a usable binary, or says why there is none. */
  async #look(): Promise<string | undefined> {
    const { binary, clock, start, environment: env, cwd } = this.#options;
    const finding = await findBinary(binary);
    const program = "program" in finding ? finding.program : null;
    this.#binary = await fileStamp(program ?? "") ?? undefined;
    const { version, fault } = "fault" in finding
      ? { version: undefined, ...finding }
      : await probeVersion(finding.program, { start, env, cwd, clock });
    this.#status.note({ binary: program, version: version ?? null });
    if (fault === undefined) return program ?? undefined;
    this.#status.set("missing", fault);
    return undefined;
  }

  /** Runs one app-server to its end; returns why it ended. */
  async #runOnce(program: string, events: AppServerEvents): Promise<string> {
    const { clock, log, start, environment: env, cwd, traffic } = this.#options;
    const status = this.#status;
    if (status.now.state !== "restarting") {
      status.set(status.now.restarts === 0 ? "starting" : "restarting");
    }
    let process: AppServerProcess;
    try {
      process = new AppServerProcess(
        await start({ argv: [program, ...APP_SERVER_ARGS], env, cwd }),
        { ...this.#options, messages: events },
      );
    } catch (error) {
      return `it cannot be started: ${messageOf(error)}`;
    }
    this.#process = process;
    status.note({ pid: process.pid, started_at: isoTime(clock.now()) });
    void process.rpc.closed.then(({ message }) => {
      const isStopping = this.#stopping.signal.aborted;
      if (status.now.state === "ready" && !isStopping) {
        status.set("restarting", ended(message));
      }
      events.onGone(message);
    });
    if (this.#stopping.signal.aborted) void process.stop(STOPPING, LEAVE_MS);
    try {
      const { version, codexHome } = await process.shakeHands();
      status.note({
        version: version ?? status.now.version,
        codex_home: codexHome ?? null,
      });
      await events.onReady(process.client, codexHome ?? undefined);
      status.note({ outdated: null });
      status.set("ready");
      log.info("The app-server is ready", { pid: process.pid, version });
    } catch (error) {
      process.fail(`the handshake failed: ${messageOf(error)}`);
    }
    const end = await process.ended;
    this.#process = undefined;
    status.note({ pid: null, started_at: null });
    const at = isoTime(clock.now());
    const last_exit = { at, ...end, orphans_ended: await this.#sweep() };
    status.note({ last_exit });
    traffic?.note("exit", last_exit);
    events.onExit(last_exit);
    return end.reason;
  }

  async #sweep(): Promise<number> {
    try {
      return await this.#options.sweep();
    } catch (error) {
      this.#options.log.warn("Cannot look for orphans", { error });
      return 0;
    }
  }
}

/** Who is told what becomes of the app-server, and what it says. */
export interface AppServerEvents extends AppServerMessages {
  /** Before the app-server counts as ready. */
  onReady(client: CodexClient, codexHome: string | undefined): Promise<void>;
  /** It is to be started anew once no turn runs. */
  onOutdated(why: string): void;
  /** It answers no more: what ran in it has ended with it. */
  onGone(reason: string): void;
  /** Its process is gone too. */
  onExit(exit: LastExit): void;
  onState(status: AppServerStatus, reason: string | null): void;
}

interface SupervisorOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly binary: BinaryQuery;
  readonly start: ProcessGroups["startPiped"];
  /** The whole environment of the app-server. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly traffic?: Pick<TrafficLog, "line" | "note">;
  onStderr(line: string): string;
  /** Kills what descends from an earlier app-server; returns how many. */
  sweep(): Promise<number>;
  readonly budget?: RestartBudget;
}

function ended(reason: string): Fault {
  return {
    reason,
    fix: "It is started again by itself; see last_exit and logs/codexd",
  };
}
