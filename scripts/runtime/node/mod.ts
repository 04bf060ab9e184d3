export { askerOf, isAsking } from "./asker.ts";
export {
  formatCommand,
  NOT_FOUND,
  type Ran,
  type RunCommand,
} from "./command.ts";
export * from "./finding.ts";
export { ask, inWords, type ProbeAnswer, reachable } from "./http_health.ts";
export * from "./installation.ts";
export {
  findInstalled,
  type Installed,
  installedPrefix,
  readInstalled,
} from "./installed.ts";
export {
  findLaunchctl,
  HANDED_OVER,
  type Machine,
  systemMachine,
} from "./machine.ts";
export { readNode, runningSettings, type RuntimeNode } from "./node.ts";
export type { Variables } from "./node_settings.ts";
export * from "./options.ts";
export { asOwner, findOwner, giveToOwner, OwnerError } from "./owner.ts";
export * from "./property_list.ts";
export { type InstallRecord, recordPath, writeRecord } from "./record.ts";
export * from "./restore_mark.ts";
export {
  addressOf,
  DEFAULT_SERVICES,
  type Service,
  SERVICE_NAMES,
  type ServiceName,
  SERVICES,
} from "./services.ts";
export * from "./terminal.ts";
