import {
  readConfig,
  settingsOf,
  type SettingValues,
} from "../shared/config/mod.ts";
import {
  type DaemonConfig,
  daemonConfig,
  filesConfig,
} from "../shared/daemon/mod.ts";
import { CODEX_VARIABLES, secretValues } from "./app_server/mod.ts";

export const CODEXD_SETTINGS = settingsOf("codexd");

/** codexd's configuration: read once, given to the composition root. */
export interface CodexdConfig
  extends DaemonConfig<SettingValues<typeof CODEXD_SETTINGS>> {
  readonly logsDir: string;
  /** `state/codexd`: session index and event log. */
  readonly stateDir: string;
  /** What Codex inherits, as far as it is set. */
  readonly inherited: ReadonlyMap<string, string>;
}

/**
 * Reads codexd's configuration.
 * @throws {ConfigError} with every problem at once
 */
export function readCodexdConfig(
  env: (variable: string) => string | undefined,
): CodexdConfig {
  const read = readConfig(CODEXD_SETTINGS, env);
  const config = daemonConfig(read, "codexdLocalApi");
  const inherited: ReadonlyMap<string, string> = new Map(
    CODEX_VARIABLES.flatMap((name) => {
      const value = env(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  return {
    ...config,
    ...filesConfig(config.values, "codexd"),
    inherited,
    secrets: [...config.secrets, ...secretValues(inherited)],
  };
}
