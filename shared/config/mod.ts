export * from "./read_config.ts";
export type { ProgramName, Setting } from "./setting.ts";
export { NOTIFY_EVENTS, SETTINGS, settingsOf } from "./settings.ts";
