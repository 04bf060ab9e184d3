import {
  readConfig,
  settingsOf,
  type SettingValues,
} from "../shared/config/mod.ts";
import { isSecretName } from "../shared/secret_names.ts";
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
  const { passedOn, unreadable } = readPassedOn(values.execEnv ?? [], env);
  const all = [...problems, ...shellProblems(values.shell), ...unreadable];
  const config = daemonConfig(
    { values, lines, problems: all },
    "conductorLocalApi",
  );
  return {
    ...config,
    ...filesConfig(values, "conductor"),
    secrets: [...config.secrets, ...passedOn],
  };
}

/** The secrets among what commands are passed on, and what of it is not permitted. */
function readPassedOn(
  names: readonly string[],
  env: (variable: string) => string | undefined,
) {
  const passedOn: string[] = [];
  const unreadable: string[] = [];
  for (const name of names) {
    try {
      const value = env(name);
      if (value && isSecretName(name)) passedOn.push(value);
    } catch {
      unreadable.push(
        `BAA_EXEC_ENV names ${name}, which this program is not permitted to ` +
          "read: run the installer again",
      );
    }
  }
  return { passedOn, unreadable };
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
