import {
  type Finding,
  ok,
  problem,
  script,
  type Service,
  warning,
} from "../node/mod.ts";
import { isRunning, type JobState, whatLaunchdSays } from "../launchd/mod.ts";
import { readTheLog } from "./remedies.ts";

/** Tells whether launchd has a service once, running, and without a crash behind it. */
export function jobCheck(
  { name, label }: Service,
  { jobs }: {
    readonly jobs: readonly JobState[];
  },
): Finding {
  const [job, second] = jobs;
  if (job === undefined) {
    return problem(
      name,
      `${label} is not loaded into launchd`,
      script("start-launchd", "--service", name),
    );
  }
  if (second !== undefined) {
    return problem(
      name,
      `it is loaded twice, as ${job.target} and ${second.target}: one of ` +
        "them fails for ever",
      script("restart-launchd", "--service", name),
    );
  }
  const words = whatLaunchdSays(job);
  if (!isRunning(job)) {
    return problem(
      name,
      `it is loaded and does not run: ${words}`,
      `${script("status-launchd", "--service", name)} shows what it printed`,
    );
  }
  return job.lastExit === undefined || job.lastExit === "0"
    ? ok(name, words)
    : warning(
      name,
      `it has failed before: ${words}`,
      readTheLog(name),
    );
}
