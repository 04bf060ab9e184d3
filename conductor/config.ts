import { join } from "@std/path";
import {
  ConfigError,
  readConfig,
  SETTINGS,
  type Values,
} from "../shared/config/mod.ts";
import { type DaemonConfig, judgeNetwork } from "../shared/daemon/mod.ts";

const {
  codexBin: _codexBin,
  codexMaxSandbox: _codexMaxSandbox,
  codexApprovals: _codexApprovals,
  codexApprovalTimeoutMs: _codexApprovalTimeoutMs,
  statusApi: _statusApi,
  controlApiBase: _controlApiBase,
  ...OWN
} = SETTINGS;

/** The settings that conductor reads. */
export const CONDUCTOR_SETTINGS = OWN;

/** conductor's configuration: read once, given to the composition root. */
export interface ConductorConfig extends DaemonConfig {
  readonly values: Values<typeof CONDUCTOR_SETTINGS>;
  /** The shared token in force, from the variable or from its file. */
  readonly token: string | undefined;
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
  const network = judgeNetwork({
    ...values,
    listen: values.conductorLocalApi,
    listenVariable: "BAA_CONDUCTOR_LOCAL_API",
  });
  const all = [
    ...problems,
    ...network.problems,
    ...shellProblems(values.shell),
  ];
  if (all.length > 0) throw new ConfigError(all);
  const stateDir = join(values.stateDir, "conductor");
  return {
    values,
    token: network.token,
    stateDir,
    listen: values.conductorLocalApi,
    logsDir: values.logsDir,
    logLevel: values.logLevel,
    folders: [values.stateDir, stateDir, values.logsDir, values.tmpDir],
    secrets: [network.token],
    warnings: network.warnings,
    lines,
  };
}

/** What is wrong with the shell, as far as it may be looked at. */
function shellProblems(shell: string | undefined): string[] {
  if (shell === undefined) return [];
  const problem = `BAA_SHELL is ${
    JSON.stringify(shell)
  }: give an executable file`;
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
