/**
 * Host operations as a library: commands and files of this machine, with no
 * HTTP in it. See README.md.
 *
 * @module
 */
import { HostOps, type HostOpsOptions } from "./host_ops.ts";

export {
  CHILD_VARIABLES,
  childEnvironment,
  type ChildProcess,
  completePath,
  type EnvironmentSource,
  type Job,
} from "./process/mod.ts";
export type { OutputEvent } from "./event_queue.ts";
export { HostOps } from "./host_ops.ts";
export type { HostOpRequest, HostOpsOptions } from "./host_ops.ts";
export { normaliseExec } from "./input.ts";
export type { HostOpContext } from "./operation.ts";
export * from "./limits.ts";
export * from "./results.ts";
export * from "./schemas.ts";

/** Returns the host operations of this machine; close them to kill what runs. */
export function createHostOps(options: HostOpsOptions): HostOps {
  return new HostOps(options);
}
