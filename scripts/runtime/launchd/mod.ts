export { jobDifferences } from "./job_differences.ts";
export { isRunning, type JobState } from "./job_state.ts";
export { DEFAULT_PATIENCE, domainsOf, Jobs } from "./jobs.ts";
export {
  type Plan,
  planInstall,
  planJob,
  type PlannedJob,
  type PlannedProgram,
  stagingFolder,
} from "./plan.ts";
export { jobsOf, NoLaunchd, type Ports } from "./ports.ts";
export { waitUntilReady, whatLaunchdSays } from "./ready.ts";
export { readTemplate } from "./template.ts";
