export {
  CHILD_VARIABLES,
  childEnvironment,
  completePath,
  type EnvironmentSource,
} from "./environment.ts";
export type { Job } from "./job.ts";
export { KeptOutput, type OutputSink } from "./output.ts";
export { type Process, ProcessGroups } from "./process.ts";
export { Reaper } from "./reaper.ts";
export { type CommandEnd, supervise } from "./supervise.ts";
export { decodeStrictly, isContinuation, wholeCharacters } from "./utf8.ts";
