export { planJob, type PlannedJob } from "./job.ts";
export { jobDifferences } from "./job_differences.ts";
export { isRunning, type JobState } from "./job_state.ts";
export { domainsOf, Jobs } from "./jobs.ts";
export { jobsOf, NoLaunchd, type Ports } from "./ports.ts";
export { waitUntilReady, whatLaunchdSays } from "./ready.ts";
