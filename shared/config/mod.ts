export {
  ConfigError,
  type ConfigLine,
  type ReadConfig,
  readConfig,
  type Settings,
  type Values,
} from "./read_config.ts";
export type { Setting } from "./setting.ts";
export { SETTINGS } from "./settings.ts";
