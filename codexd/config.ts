import { dirname } from "@std/path";
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
  /** Where conductor comes in. */
  readonly socket: string;
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
  const all = [...problems, ...socketProblems(values)];
  const config = daemonConfig(
    { values, lines, problems: all },
    "codexdLocalApi",
  );
  const inherited: ReadonlyMap<string, string> = new Map(
    CODEX_VARIABLES.flatMap((name) => {
      const value = env(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  return {
    ...config,
    ...filesConfig(config.values, "codexd"),
    socket: config.values.codexdSocket,
    warnings: [...config.warnings, ...approvalWarnings(config.values)],
    inherited,
    secrets: [...config.secrets, ...secretValues(inherited)],
  };
}

/** Both settings may be meant, and one of them has no effect then. */
function approvalWarnings(
  { codexApprovals, codexMaxSandbox }: CodexdConfig["values"],
): string[] {
  return codexApprovals === "accept" && codexMaxSandbox !== "danger-full-access"
    ? [
      "BAA_CODEX_APPROVALS is accept, and BAA_CODEX_MAX_SANDBOX is " +
      `${codexMaxSandbox}: what Codex asks could go beyond it, and is declined`,
    ]
    : [];
}

/** What is wrong with the place of the socket, as far as it can be seen. */
function socketProblems(
  { codexdSocket: path, stateDir }: Partial<CodexdConfig["values"]>,
): string[] {
  if (path === undefined || stateDir === undefined) return [];
  const given = `BAA_CODEXD_SOCKET is ${JSON.stringify(path)}: give a path`;
  if (path.includes(",")) {
    return [`${given} without commas: Deno cannot be permitted such a one`];
  }
  const folder = lookAt(dirname(path));
  // It is made at the start, or listening tells what is wrong.
  if (folder === undefined) return [];
  // Whoever may write there could put another socket in the place of a missing
  // one, sticky or not; whose it is could do so at any time.
  const isShared = ((folder.mode ?? 0) & 0o022) !== 0;
  const state = lookAt(stateDir);
  const isOthers = state !== undefined && state.uid !== folder.uid;
  return isShared || isOthers
    ? [`${given} in a folder of your own that only you can write to`]
    : [];
}

/** Undefined: it is not there, or cannot be seen. */
function lookAt(folder: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(folder);
  } catch {
    return undefined;
  }
}
