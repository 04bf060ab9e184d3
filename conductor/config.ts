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
  readSecretFile,
} from "../shared/daemon/mod.ts";

export const CONDUCTOR_SETTINGS = settingsOf("conductor");

/** conductor's configuration: read once, given to the composition root. */
export interface ConductorConfig
  extends DaemonConfig<SettingValues<typeof CONDUCTOR_SETTINGS>> {
  readonly logsDir: string;
  /** `state/conductor`: the database's folder. */
  readonly stateDir: string;
  /** Signs notifications. */
  readonly notifySecret: string | undefined;
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
  const notify = values.notifySecretFile === undefined
    ? undefined
    : readSecretFile("BAA_NOTIFY_SECRET_FILE", values.notifySecretFile);
  const all = [
    ...problems,
    ...shellProblems(values.shell),
    ...unreadable,
    ...notify?.problems ?? [],
    ...topicProblems(values),
  ];
  const config = daemonConfig(
    { values, lines, problems: all },
    "conductorLocalApi",
  );
  return {
    ...config,
    ...filesConfig(values, "conductor"),
    notifySecret: notify?.secret,
    secrets: [
      ...config.secrets,
      ...passedOn,
      notify?.secret,
      ...secretsOf(values.notifyUrl),
    ],
    warnings: [...config.warnings, ...notify?.warnings ?? []],
  };
}

/** ntfy takes a message at the address of its topic. */
function topicProblems(
  { notifyUrl, notifyFormat }: {
    readonly notifyUrl: URL | undefined;
    readonly notifyFormat: string;
  },
): string[] {
  return notifyFormat === "ntfy" && notifyUrl?.pathname === "/"
    ? [
      "BAA_NOTIFY_URL is ***: with BAA_NOTIFY_FORMAT=ntfy give the address of " +
      "a topic, such as https://ntfy.sh/<topic>",
    ]
    : [];
}

/** Shorter values of a query are words. */
const MIN_QUERY_SECRET = 8;

/** What of an address must never be logged. */
function secretsOf(url: URL | undefined): string[] {
  if (url === undefined) return [];
  return [
    url.password,
    ...[...url.searchParams.values()].filter((it) =>
      it.length >= MIN_QUERY_SECRET
    ),
  ];
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
