import type { Ran } from "../node/command.ts";
import { LAUNCHCTL } from "../launchd/launchctl.ts";

/** A job that the fake has loaded. */
export interface FakeJob {
  readonly plist: string;
  state: string;
  pid: number | undefined;
  runs: number;
  lastExit: number | undefined;
  /** How many more looks at it find it, once it was told to leave. */
  looksLeft: number | undefined;
}

/** Everything the fake knows; plain data, so that it can lie in a file. */
export interface FakeLaunchdState {
  /** Whether somebody is logged in at the screen. */
  loginSession: boolean;
  readonly jobs: Record<string, FakeJob>;
  /** Exit codes with which the next calls of a sub-command fail. */
  readonly refusals: Record<string, number[]>;
  /** After which sub-commands, once each, whoever called them is killed. */
  readonly killsCallerAt: string[];
  /** How many looks find a job that was told to leave. */
  slowLooks: number;
  readonly disabled: string[];
  readonly calls: string[][];
}

/** What happens to the processes of jobs. */
export interface FakeProcesses {
  /** Starts the program of a property list and returns its pid. */
  start(plist: string): number;
  stop(pid: number): void;
  /** How a process ended; undefined while it runs. */
  ended(pid: number): number | undefined;
}

/** Returns a launchd with nothing loaded and somebody logged in. */
export function emptyLaunchd(): FakeLaunchdState {
  return {
    loginSession: true,
    jobs: {},
    refusals: {},
    killsCallerAt: [],
    slowLooks: 0,
    disabled: [],
    calls: [],
  };
}

/** Behaves as launchd does, as far as its exit codes and states are known. */
export class FakeLaunchd {
  readonly state: FakeLaunchdState;
  readonly #processes: FakeProcesses;

  constructor(
    state: FakeLaunchdState = emptyLaunchd(),
    processes: FakeProcesses = pretendedProcesses(),
  ) {
    this.state = state;
    this.#processes = processes;
  }

  /** Returns a job that is loaded. */
  job(target: string): FakeJob {
    const job = this.state.jobs[target];
    if (job === undefined) throw new Error(`${target} is not loaded`);
    return job;
  }

  /** Answers a call of `launchctl`. */
  run(args: readonly string[]): Ran {
    const [command = "", ...rest] = args;
    this.state.calls.push([...args]);
    const refusal = this.state.refusals[command]?.shift();
    if (refusal !== undefined) return failure(refusal, "Input/output error");
    const [first = "", second = ""] = rest;
    switch (command) {
      case "bootstrap":
        return this.#bootstrap(first, second);
      case "bootout":
        return this.#bootout(first);
      case "print":
        return this.#print(first);
      case "kickstart":
        return this.#kickstart(first);
      case "enable":
        this.state.disabled.splice(0, Infinity);
        return success();
      default:
        return failure(64, `Unrecognized subcommand: ${command}`);
    }
  }

  #bootstrap(domain: string, plist: string): Ran {
    if (domain.startsWith("gui/") && !this.state.loginSession) {
      return failure(
        LAUNCHCTL.domainUnsupported,
        "Domain does not support specified action",
      );
    }
    const text = Deno.readTextFileSync(plist);
    const label = /<key>Label<\/key>\s*<string>(.*)<\/string>/.exec(text)?.[1];
    const isBackground = /LimitLoadToSessionType/.test(text);
    if (domain.startsWith("user/") !== isBackground && domain !== "system") {
      return failure(134, "Service cannot load in requested session");
    }
    const target = `${domain}/${label}`;
    if (this.state.disabled.includes(target)) {
      return failure(119, "Service is disabled");
    }
    const job = this.state.jobs[target];
    if (job !== undefined) {
      return job.looksLeft === undefined
        ? failure(LAUNCHCTL.inputOutput, "Input/output error")
        : failure(LAUNCHCTL.alreadyInProgress, "Operation already in progress");
    }
    this.state.jobs[target] = {
      plist,
      state: "running",
      pid: this.#processes.start(plist),
      runs: 1,
      lastExit: undefined,
      looksLeft: undefined,
    };
    return success();
  }

  #bootout(target: string): Ran {
    const job = this.state.jobs[target];
    if (job === undefined) {
      return failure(LAUNCHCTL.noSuchProcess, "No such process");
    }
    if (job.pid !== undefined) this.#processes.stop(job.pid);
    job.state = "SIGTERMed";
    job.looksLeft = this.state.slowLooks;
    if (!this.#isGone(job)) {
      return failure(LAUNCHCTL.inProgress, "Operation now in progress");
    }
    delete this.state.jobs[target];
    return success();
  }

  #print(target: string): Ran {
    const job = this.state.jobs[target];
    if (job !== undefined && this.#isGone(job)) delete this.state.jobs[target];
    if (job === undefined || this.#isGone(job)) {
      return failure(LAUNCHCTL.noSuchService, "Could not find service");
    }
    if (job.looksLeft === undefined) this.#notice(job);
    else if (job.looksLeft > 0) job.looksLeft--;
    const exit = job.lastExit ?? "(never exited)";
    return success(
      `${target} = {\n\tpath = ${job.plist}\n\tstate = ${job.state}\n\n` +
        `\tenvironment = {\n\t\tstate = none of ours\n\t}\n` +
        `\truns = ${job.runs}\n` +
        (job.pid === undefined ? "" : `\tpid = ${job.pid}\n`) +
        `\tlast exit code = ${exit}\n}\n`,
    );
  }

  #kickstart(target: string): Ran {
    const job = this.state.jobs[target];
    if (job === undefined) {
      return failure(LAUNCHCTL.noSuchService, "Could not find service");
    }
    this.#notice(job);
    if (job.pid === undefined) {
      job.pid = this.#processes.start(job.plist);
      job.state = "running";
      job.runs++;
    }
    return success();
  }

  /** A job that was told to leave is gone when its process is. */
  #isGone(job: FakeJob): boolean {
    return job.looksLeft === 0 &&
      (job.pid === undefined || this.#processes.ended(job.pid) !== undefined);
  }

  /** Starts a job again that failed, one look after it is seen to have ended. */
  #notice(job: FakeJob): void {
    if (job.state === "spawn scheduled") {
      job.pid = this.#processes.start(job.plist);
      job.state = "running";
      job.runs++;
    }
    if (job.pid === undefined) return;
    const code = this.#processes.ended(job.pid);
    if (code === undefined) return;
    job.lastExit = code;
    job.pid = undefined;
    job.state = code === 0 ? "not running" : "spawn scheduled";
  }
}

/** Processes that are only numbers. */
function pretendedProcesses(): FakeProcesses {
  let last = 100;
  const stopped = new Set<number>();
  return {
    start: () => ++last,
    stop: (pid) => void stopped.add(pid),
    ended: (pid) => stopped.has(pid) ? 0 : undefined,
  };
}

function success(stdout = ""): Ran {
  return { code: 0, stdout, stderr: "" };
}

function failure(code: number, reason: string): Ran {
  return { code, stdout: "", stderr: `Failed: ${code}: ${reason}\n` };
}
