/**
 * Host operations as a library: commands and files of this machine, with no
 * HTTP in it. See README.md.
 *
 * @module
 */
export { execCommandLine, execTarget } from "./audit.ts";
export {
  type ChildEnvironment,
  childEnvironment,
  GROUP_WAYS,
} from "./process/mod.ts";
export { endOf, execFailure, KEEP_IT } from "./exec_failure.ts";
export { HostOpFailure } from "./failure.ts";
export * from "./host_ops.ts";
export { KeptGroup } from "./kept_group.ts";
export { KeptLost } from "./kept_commands.ts";
export { LIMIT_FIELDS, Normalised, normaliseExec } from "./input.ts";
export * from "./results.ts";
export * from "./schemas.ts";
export { decodeStrictly, wholeCharacters } from "./utf8.ts";
