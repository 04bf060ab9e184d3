import { join } from "@std/path";
import {
  ConfigError,
  readConfig,
  SETTINGS,
  type Values,
} from "../shared/config/mod.ts";
import { type DaemonConfig, judgeNetwork } from "../shared/daemon/mod.ts";
import { CODEX_VARIABLES, secretValues } from "./app_server/mod.ts";

/** The settings that codexd reads. */
export const CODEXD_SETTINGS = {
  codexdLocalApi: SETTINGS.codexdLocalApi,
  stateDir: SETTINGS.stateDir,
  logsDir: SETTINGS.logsDir,
  tmpDir: SETTINGS.tmpDir,
  codexBin: SETTINGS.codexBin,
  codexMaxSandbox: SETTINGS.codexMaxSandbox,
  codexApprovals: SETTINGS.codexApprovals,
  codexApprovalTimeoutMs: SETTINGS.codexApprovalTimeoutMs,
  sharedToken: SETTINGS.sharedToken,
  sharedTokenFile: SETTINGS.sharedTokenFile,
  shell: SETTINGS.shell,
  execPath: SETTINGS.execPath,
  allowedHosts: SETTINGS.allowedHosts,
  allowedOrigins: SETTINGS.allowedOrigins,
  allowUnauthenticatedLan: SETTINGS.allowUnauthenticatedLan,
  maxBodyBytes: SETTINGS.maxBodyBytes,
  retentionDays: SETTINGS.retentionDays,
  retentionRows: SETTINGS.retentionRows,
  logLevel: SETTINGS.logLevel,
};

/** codexd's configuration: read once, given to the composition root. */
export interface CodexdConfig extends DaemonConfig {
  readonly values: Values<typeof CODEXD_SETTINGS>;
  /** The shared token in force, from the variable or from its file. */
  readonly token: string | undefined;
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
  const { values, lines, problems } = readConfig(CODEXD_SETTINGS, env);
  const network = judgeNetwork({
    ...values,
    listen: values.codexdLocalApi,
    listenVariable: "BAA_CODEXD_LOCAL_API",
    publicApiBase: undefined,
    publicProxyAddresses: undefined,
  });
  const all = [...problems, ...network.problems];
  if (all.length > 0) throw new ConfigError(all);
  const stateDir = join(values.stateDir, "codexd");
  const inherited: ReadonlyMap<string, string> = new Map(
    CODEX_VARIABLES.flatMap((name) => {
      const value = env(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  return {
    values,
    token: network.token,
    stateDir,
    inherited,
    listen: values.codexdLocalApi,
    logsDir: values.logsDir,
    logLevel: values.logLevel,
    folders: [values.stateDir, stateDir, values.logsDir, values.tmpDir],
    secrets: [
      network.token,
      ...secretValues((name) => inherited.get(name)),
    ],
    warnings: network.warnings,
    lines,
  };
}
