import type { Clock } from "../../../shared/clock.ts";
import { sleep } from "../../../shared/wait.ts";
import { ask, inWords, type ProbeAnswer, type Service } from "../node/mod.ts";
import { isRunning, type JobState } from "./job_state.ts";
import type { Jobs } from "./jobs.ts";

/**
 * Waits until a job that was just loaded runs and answers its probe. Returns
 * undefined then, else the reason why it is not ready.
 */
export async function waitUntilReady(
  service: Service,
  { jobs, clock, base }: {
    readonly jobs: Jobs;
    readonly clock: Clock;
    /** Where the service answers. */
    readonly base: string;
  },
): Promise<string | undefined> {
  const started = clock.monotonic();
  while (true) {
    const answer = await ask(base, service.probe);
    const [job] = await jobs.find(service);
    const waited = clock.monotonic() - started;
    const running = job !== undefined && isRunning(job);
    if (running && answer.status === 200) {
      return await strangerAt(base, waited);
    }
    const hopeless = !running && (job?.runs ?? 0) >= HOPELESS_RUNS;
    if (hopeless || waited > LIMIT_MS) {
      return `${whatProbeSaid(service, answer)}; ${whatLaunchdSays(job)}`;
    }
    await sleep(clock, POLL_MS);
  }
}

const POLL_MS = 250;
const LIMIT_MS = 30_000;

/** A job that ended this often does not become ready by waiting. */
const HOPELESS_RUNS = 3;

/** Returns launchd's side of a service in words. */
export function whatLaunchdSays(job: JobState | undefined): string {
  if (job === undefined) return "launchd has not loaded it";
  const { state, pid, runs, lastExit } = job;
  return [
    `launchd: ${state === "" ? "loaded" : state}`,
    pid === undefined ? undefined : `pid ${pid}`,
    runs === undefined
      ? undefined
      : runs === 1
      ? "started once"
      : `started ${runs} times`,
    lastExit === undefined ? undefined : `last exit ${lastExit}`,
  ].filter((it) => it !== undefined).join(", ");
}

function whatProbeSaid({ probe }: Service, answer: ProbeAnswer): string {
  return `${probe} says "${inWords(answer)}"`;
}

/** A process older than the job is not the job: its port is taken. */
async function strangerAt(
  base: string,
  waitedMs: number,
): Promise<string | undefined> {
  const uptime = (await ask(base, "/health")).data?.["uptime_ms"];
  if (typeof uptime !== "number" || uptime < waitedMs + 5000) return undefined;
  return `another process, up for ${Math.round(uptime / 1000)} s, answers at ` +
    base;
}
