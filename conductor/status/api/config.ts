import {
  type ReadConfig,
  readConfig,
  settingsOf,
  type SettingValues,
} from "../../../shared/config/mod.ts";
import { type DaemonConfig, daemonConfig } from "../../../shared/daemon/mod.ts";

export const STATUS_API_SETTINGS = settingsOf("status-api");

/** The wrapper's configuration. */
export interface StatusApiConfig
  extends DaemonConfig<SettingValues<typeof STATUS_API_SETTINGS>> {
  readonly upstream: URL;
}

/**
 * Reads the wrapper's configuration. It has no files of its own, so that it
 * needs to write nothing: what it logs goes to stderr, and only what is broken.
 * @throws {ConfigError} with every problem at once
 */
export function readStatusApiConfig(
  env: (variable: string) => string | undefined,
): StatusApiConfig {
  const read = readConfig(STATUS_API_SETTINGS, env);
  return { ...daemonConfig(read, "statusApi"), upstream: upstreamOf(read) };
}

/** Where conductor is asked: the legacy name counts where the other was not given. */
export function upstreamOf(
  { values, lines }: Pick<
    ReadConfig<StatusApiConfig["values"]>,
    "values" | "lines"
  >,
): URL {
  const { variable } = STATUS_API_SETTINGS.conductorLocalApi;
  const isGiven = lines.some((it) =>
    it.variable === variable && it.from === "environment"
  );
  return isGiven
    ? values.conductorLocalApi
    : values.controlApiBase ?? values.conductorLocalApi;
}
