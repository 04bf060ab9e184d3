import type { Clock } from "../../../shared/clock.ts";
import { sleep } from "../../../shared/wait.ts";
import {
  formatJob,
  forSession,
  type Owner,
  parseJob,
  type Ran,
  type Scope,
  type Service,
  sessionOf,
} from "../node/mod.ts";
import {
  isLeaving,
  isRunning,
  type JobState,
  parseJobState,
} from "./job_state.ts";
import { trimOutputs } from "./outputs.ts";
import { LAUNCHCTL } from "./launchctl.ts";

/** Loads and unloads jobs, whatever state launchd is in. */
export class Jobs {
  readonly #launchctl: JobsOptions["launchctl"];
  readonly #clock: Clock;
  /** Where a job may be, in order of preference. */
  readonly domains: readonly string[];

  constructor(options: JobsOptions) {
    this.#launchctl = options.launchctl;
    this.#clock = options.clock;
    this.domains = domainsOf(options);
  }

  /** Returns the job in every domain that has it: more than one is a mistake. */
  async find(service: Service): Promise<readonly JobState[]> {
    const found: JobState[] = [];
    for (const domain of this.domains) {
      const job = await this.#look(`${domain}/${service.label}`);
      if (job !== undefined) found.push(job);
    }
    return found;
  }

  /**
   * Unloads a job everywhere and waits until launchd has let go of it: before
   * that it would refuse to load the next one. Returns whether it was loaded.
   */
  async unload(service: Service): Promise<boolean> {
    const loaded = await this.find(service);
    for (const { target } of loaded) await this.#leave(target);
    return loaded.length > 0;
  }

  /**
   * Loads a job that is loaded nowhere yet. Without a login session it goes
   * into the background one, which its property list must say; the next load
   * tries the login session first again.
   */
  async load(
    service: Service,
    plist: string,
  ): Promise<{ readonly target: string; readonly wasLoaded: boolean }> {
    const started = this.#clock.monotonic();
    await trimOutputs(parseJob(await Deno.readTextFile(plist)));
    for (const domain of this.domains) {
      const target = `${domain}/${service.label}`;
      while (true) {
        const [job] = await this.find(service);
        if (job !== undefined && !isLeaving(job)) {
          return { target: job.target, wasLoaded: true };
        }
        await adapt(plist, domain);
        await this.#launchctl("enable", target);
        const ran = await this.#launchctl("bootstrap", domain, plist);
        if (ran.code === 0) return { target, wasLoaded: false };
        if (ran.code === LAUNCHCTL.domainUnsupported) break;
        const waited = this.#clock.monotonic() - started;
        if (!mayPass(ran) || waited > PATIENCE.refusalMs) {
          throw refused(target, ran);
        }
        await sleep(this.#clock, PATIENCE.pollMs);
      }
    }
    throw new Error(
      `Cannot load ${service.label}: launchd has none of the domains ${
        this.domains.join(", ")
      } (exit ${LAUNCHCTL.domainUnsupported})`,
    );
  }

  /** Waits until a loaded job's process is there; starts it if it had ended. */
  async run(target: string): Promise<JobState | undefined> {
    const started = this.#clock.monotonic();
    let kicked = false;
    while (true) {
      const job = await this.#look(target);
      if (job === undefined || isRunning(job)) return job;
      if (this.#clock.monotonic() - started > PATIENCE.startMs) {
        return job;
      }
      if (!kicked && job.state !== "spawn scheduled") {
        await this.#launchctl("kickstart", target);
        kicked = true;
      }
      await sleep(this.#clock, PATIENCE.pollMs);
    }
  }

  /** Tells how a job is; undefined when it is not loaded there. */
  async #look(target: string): Promise<JobState | undefined> {
    const { code, stdout } = await this.#launchctl("print", target);
    return code === 0 ? parseJobState(target, stdout) : undefined;
  }

  async #leave(target: string): Promise<void> {
    const started = this.#clock.monotonic();
    const ran = await this.#launchctl("bootout", target);
    while (true) {
      const job = await this.#look(target);
      if (job === undefined) return;
      if (!isAccepted(ran)) throw refused(target, ran, "unload");
      if (this.#clock.monotonic() - started > PATIENCE.leaveMs) {
        throw new Error(
          `Cannot unload ${target}: launchd still has it after ${
            PATIENCE.leaveMs / 1000
          } s (state: ${job.state || "unknown"})`,
        );
      }
      await sleep(this.#clock, PATIENCE.pollMs);
    }
  }
}

/** How long launchd is given. */
const PATIENCE = {
  /** Between two looks. */
  pollMs: 250,
  /** For a job to leave: more than `ExitTimeOut`. */
  leaveMs: 60_000,
  /** For a refusal that may be the job's predecessor still leaving. */
  refusalMs: 15_000,
  /** For a loaded job's process to be there. */
  startMs: 10_000,
} as const;

interface JobsOptions {
  /** Runs `launchctl` with some arguments. */
  launchctl(...args: string[]): Promise<Ran>;
  readonly clock: Clock;
  readonly owner: Pick<Owner, "uid">;
  readonly scope: Scope;
}

/** The launchd domains of an owner's jobs, in order of preference. */
export function domainsOf(
  { scope, owner }: Pick<JobsOptions, "scope" | "owner">,
): readonly string[] {
  return scope === "daemon"
    ? ["system"]
    : [`gui/${owner.uid}`, `user/${owner.uid}`];
}

/** Rewrites a property list whose session does not fit where it is loaded. */
async function adapt(plist: string, domain: string): Promise<void> {
  if (domain === "system") return;
  const session = domain.startsWith("gui/") ? "login" : "background";
  const job = parseJob(await Deno.readTextFile(plist));
  if (sessionOf(job) === session) return;
  await Deno.writeTextFile(plist, formatJob(forSession(job, session)));
}

/** Tells whether a refused bootstrap may be a matter of time. */
function mayPass({ code }: Ran): boolean {
  return code === LAUNCHCTL.inputOutput ||
    code === LAUNCHCTL.alreadyInProgress || code === LAUNCHCTL.inProgress;
}

/** Tells whether a job that was booted out is gone or on its way. */
function isAccepted(ran: Ran): boolean {
  return ran.code === 0 || ran.code === LAUNCHCTL.noSuchProcess ||
    ran.code === LAUNCHCTL.noSuchService || mayPass(ran);
}

function refused(target: string, ran: Ran, verb = "load"): Error {
  const said = ran.stderr.trim().split("\n")[0] ?? "";
  return new Error(
    `Cannot ${verb} ${target}: launchctl ended with ${ran.code}${
      said === "" ? "" : `, "${said}"`
    }${hintFor(ran)}`,
  );
}

function hintFor({ code }: Ran): string {
  return code === LAUNCHCTL.inputOutput
    ? ". It gives this code for a property list that it does not accept, too: " +
      "see check-launchd.sh, and Console's launchd.log"
    : code === 1
    ? ". This needs the owner, or sudo with --scope daemon"
    : "";
}
