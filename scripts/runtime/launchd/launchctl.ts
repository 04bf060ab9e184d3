import type { Ran, RunCommand } from "../node/mod.ts";
import { type JobState, parseJobState } from "./job_state.ts";

/** Exit codes of launchctl that say more than "failed". */
export const LAUNCHCTL = {
  /** bootout, kickstart: no such job. */
  noSuchProcess: 3,
  /** bootstrap: the job is loaded already, is still leaving, or is refused. */
  inputOutput: 5,
  /** bootout: accepted, not finished. */
  inProgress: 36,
  /** bootstrap: the job is loaded already or is still leaving. */
  alreadyInProgress: 37,
  /** print: no such domain. */
  noSuchDomain: 112,
  /** print, kickstart: no such job in this domain. */
  noSuchService: 113,
  /** bootstrap: nobody is logged in, so the domain does not exist. */
  domainUnsupported: 125,
} as const;

/** The part of `launchctl` that is used, without judgement of its exit codes. */
export class Launchctl {
  readonly #run: RunCommand;
  readonly #program: string;

  constructor(run: RunCommand, program = "launchctl") {
    this.#run = run;
    this.#program = program;
  }

  /** Loads a property list into a domain such as `gui/501`. */
  bootstrap(domain: string, plist: string): Promise<Ran> {
    return this.#run([this.#program, "bootstrap", domain, plist]);
  }

  /** Unloads a job such as `gui/501/so.makefile.baa-conductor`. */
  bootout(target: string): Promise<Ran> {
    return this.#run([this.#program, "bootout", target]);
  }

  /** Lets a job be loaded that somebody has disabled. */
  enable(target: string): Promise<Ran> {
    return this.#run([this.#program, "enable", target]);
  }

  /** Starts a job that is loaded and does not run. */
  kickstart(target: string): Promise<Ran> {
    return this.#run([this.#program, "kickstart", target]);
  }

  /** Tells how a job is; undefined when it is not loaded there. */
  async print(target: string): Promise<JobState | undefined> {
    const { code, stdout } = await this.#run([this.#program, "print", target]);
    return code === 0 ? parseJobState(target, stdout) : undefined;
  }
}
