export { addressOf } from "./addresses.ts";
export { type Baked, readBaked } from "./baked.ts";
export { formatCommand, type Ran, type Run } from "./command.ts";
export { compile, compileCommand, PINNED_DENO } from "./compile.ts";
export {
  databasePath,
  keepDatabase,
  type KeptDatabase,
  restoreDatabase,
} from "./database.ts";
export {
  chmod,
  type Finding,
  ok,
  problem,
  report,
  script,
  warning,
} from "./finding.ts";
export { type Answer, ask, askData, inWords } from "./http_health.ts";
export {
  environmentFor,
  foldersOf,
  type Installation,
  outputPath,
  type Owner,
  plistFolder,
  plistPath,
  programPath,
  settingOf,
} from "./installation.ts";
export { findInstalled, type Installed } from "./installed.ts";
export { findLaunchctl, type Machine, systemMachine } from "./machine.ts";
export { type Node, readNode, runningSettings } from "./node.ts";
export { toRemember, type Values } from "./node_settings.ts";
export {
  describeOptions,
  type Flags,
  type OptionName,
  readFlags,
  type Scope,
  UsageError,
} from "./options.ts";
export { findOwner, giveToOwner, OwnerError } from "./owner.ts";
export {
  environmentOf,
  formatJob,
  forSession,
  type Job,
  parseJob,
  type Session,
  sessionOf,
  textOf,
} from "./property_list.ts";
export { type InstallRecord, writeRecord } from "./record.ts";
export {
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
