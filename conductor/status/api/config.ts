import {
  ConfigError,
  type ReadConfig,
  readConfig,
  SETTINGS,
  type Values,
} from "../../../shared/config/mod.ts";
import { type DaemonConfig, judgeNetwork } from "../../../shared/daemon/mod.ts";

/** The settings that the status wrapper reads. */
export const STATUS_API_SETTINGS = {
  statusApi: SETTINGS.statusApi,
  conductorLocalApi: SETTINGS.conductorLocalApi,
  controlApiBase: SETTINGS.controlApiBase,
  publicApiBase: SETTINGS.publicApiBase,
  publicProxyAddresses: SETTINGS.publicProxyAddresses,
  sharedToken: SETTINGS.sharedToken,
  sharedTokenFile: SETTINGS.sharedTokenFile,
  allowedHosts: SETTINGS.allowedHosts,
  allowedOrigins: SETTINGS.allowedOrigins,
  allowUnauthenticatedLan: SETTINGS.allowUnauthenticatedLan,
};

/** The wrapper's configuration. */
export interface StatusApiConfig extends DaemonConfig {
  readonly values: Values<typeof STATUS_API_SETTINGS>;
  readonly token: string | undefined;
  /** Where conductor is asked. */
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
  const { values, lines, problems } = readConfig(STATUS_API_SETTINGS, env);
  const network = judgeNetwork({
    ...values,
    listen: values.statusApi,
    listenVariable: "BAA_STATUS_API",
  });
  const all = [...problems, ...network.problems];
  if (all.length > 0) throw new ConfigError(all);
  return {
    values,
    token: network.token,
    upstream: upstreamOf({ values, lines }),
    listen: values.statusApi,
    logsDir: undefined,
    logLevel: "error",
    folders: [],
    secrets: [network.token],
    warnings: network.warnings,
    lines,
  };
}

/** Where conductor is asked: the legacy name counts where the other was not given. */
export function upstreamOf(
  { values, lines }: Pick<
    ReadConfig<typeof STATUS_API_SETTINGS>,
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
