import { join } from "@std/path";
import {
  ConfigError,
  type ConfigLine,
  type ProgramName,
  type ReadConfig,
  SETTINGS,
} from "../config/mod.ts";
import type { LogLevel } from "../log.ts";
import { judgeNetwork, type NetworkSettings } from "./network_config.ts";
import { whoMay } from "./who_may.ts";

/**
 * Judges what was read, for a daemon that has no files and listens where the
 * setting `listen` says.
 * @throws {ConfigError} with every problem at once
 */
export function daemonConfig<
  L extends "conductorLocalApi" | "codexdLocalApi" | "statusApi",
  V extends CommonValues & Readonly<Record<L, URL>>,
>({ values, lines, problems }: ReadConfig<V>, listen: L): DaemonConfig<V> {
  const network = judgeNetwork({
    ...values,
    listen: values[listen],
    listenVariable: SETTINGS[listen].variable,
  });
  const all = [...problems, ...network.problems];
  if (all.length > 0) throw new ConfigError(all);
  return {
    values,
    token: network.token,
    listen: values[listen],
    logsDir: undefined,
    logLevel: "error",
    folders: [],
    secrets: [network.token],
    warnings: network.warnings,
    whoMay: whoMay({
      listen: values[listen],
      token: network.token,
      publicBase: values.publicApiBase,
      knowsNames: listen === "conductorLocalApi",
    }),
    lines,
  };
}

/** The part of a daemon's configuration that every daemon has. */
export interface DaemonConfig<V extends CommonValues = CommonValues> {
  readonly values: V;
  /** The shared token in force, from the variable or from its file. */
  readonly token: string | undefined;
  readonly listen: URL;
  /** The path of a Unix socket that it serves as well. */
  readonly socket?: string | undefined;
  /** Undefined: no files, everything goes to stderr. */
  readonly logsDir: string | undefined;
  readonly logLevel: LogLevel;
  /** What can tell the limit of descriptors; undefined: nothing may be run. */
  readonly shell?: string | undefined;
  /** Of children and of files without a mode of their own; undefined: as it is. */
  readonly umask?: string | undefined;
  /** Folders that must exist, made with mode 0700; the first one can be read. */
  readonly folders: readonly string[];
  /** What must never be written to a log. */
  readonly secrets: readonly (string | undefined)[];
  readonly warnings: readonly string[];
  /** Who can do what, in one line. */
  readonly whoMay: string;
  readonly lines: readonly ConfigLine[];
}

interface CommonValues extends Omit<NetworkSettings, `listen${string}`> {
  readonly allowedHosts: readonly string[] | undefined;
  readonly allowedOrigins: readonly string[] | undefined;
}

/** Where a daemon keeps its files: `stateDir` is its own folder of the state. */
export function filesConfig(
  { stateDir: root, logsDir, tmpDir, logLevel, shell, umask }: {
    readonly stateDir: string;
    readonly logsDir: string;
    readonly tmpDir: string;
    readonly logLevel: LogLevel;
    readonly shell: string;
    readonly umask: string;
  },
  name: ProgramName,
) {
  const stateDir = join(root, name);
  return {
    stateDir,
    logsDir,
    logLevel,
    shell,
    umask,
    folders: [root, stateDir, logsDir, tmpDir],
  };
}
