export * from "./read_config.ts";
export type { ProgramName, Setting } from "./setting.ts";
export { SETTINGS, settingsOf } from "./settings.ts";
