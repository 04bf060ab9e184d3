export type { ChildProcess, Job } from "./child_process.ts";
export {
  type ChildEnvironment,
  childEnvironment,
  completePath,
} from "./environment.ts";
export { GROUP_WAYS, type GroupWayName } from "./group_way.ts";
export type { OutputSink } from "./output.ts";
export { ProcessGroups, type ProcessGroupsOptions } from "./process_groups.ts";
export * from "./supervise.ts";
