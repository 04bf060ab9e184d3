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

export const CONDUCTOR_SETTINGS = settingsOf("conductor");

/** conductor's configuration: read once, given to the composition root. */
export interface ConductorConfig
  extends DaemonConfig<SettingValues<typeof CONDUCTOR_SETTINGS>> {
  readonly logsDir: string;
  /** `state/conductor`: the database's folder. */
  readonly stateDir: string;
}

/**
 * Reads conductor's configuration.
 * @throws {ConfigError} with every problem at once
 */
export function readConductorConfig(
  env: (variable: string) => string | undefined,
): ConductorConfig {
  const { values, lines, problems } = readConfig(CONDUCTOR_SETTINGS, env);
  const all = [...problems, ...shellProblems(values.shell)];
  return {
    ...daemonConfig({ values, lines, problems: all }, "conductorLocalApi"),
    ...filesConfig(values, "conductor"),
  };
}

/** What is wrong with the shell, as far as it may be looked at. */
function shellProblems(shell: string | undefined): string[] {
  if (shell === undefined) return [];
  const shown = JSON.stringify(shell);
  const problem = `BAA_SHELL is ${shown}: give an executable file`;
  try {
    const { isFile, mode } = Deno.statSync(shell);
    return isFile && ((mode ?? 0o111) & 0o111) !== 0 ? [] : [problem];
  } catch (error) {
    return error instanceof Deno.errors.NotFound ||
        error instanceof Deno.errors.NotADirectory
      ? [problem]
      : [];
  }
}
