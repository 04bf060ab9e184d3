export { formatCommand, type Ran, type RunCommand } from "./command.ts";
export {
  chmod,
  type Finding,
  ok,
  problem,
  report,
  script,
  warning,
} from "./finding.ts";
export { ask, inWords, type ProbeAnswer } from "./http_health.ts";
export {
  databasePath,
  environmentFor,
  foldersOf,
  type Installation,
  outputPath,
  type Owner,
  plistFolder,
  plistPath,
  programPath,
  readerOf,
  settingOf,
} from "./installation.ts";
export { findInstalled, type Installed } from "./installed.ts";
export { findLaunchctl, type Machine, systemMachine } from "./machine.ts";
export { readNode, runningSettings, type RuntimeNode } from "./node.ts";
export { toRemember, type Variables } from "./node_settings.ts";
export {
  describeOptions,
  type Flags,
  type OptionName,
  readFlags,
  type Scope,
  UsageError,
} from "./options.ts";
export { asOwner, findOwner, giveToOwner, OwnerError } from "./owner.ts";
export {
  environmentOf,
  formatJob,
  forSession,
  type LaunchdJob,
  type LaunchdSession,
  parseJob,
  sessionOf,
  textOf,
} from "./property_list.ts";
export { type InstallRecord, writeRecord } from "./record.ts";
export {
  addressOf,
  DEFAULT_SERVICES,
  type Service,
  type ServiceName,
  SERVICES,
} from "./services.ts";
export {
  EXIT,
  type ExitCode,
  systemTerminal,
  type Terminal,
} from "./terminal.ts";
