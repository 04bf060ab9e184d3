import { type Setting, SETTINGS } from "../../../shared/config/mod.ts";
import {
  environmentOf,
  formatJob,
  forSession,
  type LaunchdJob,
  sessionOf,
  type Variables,
} from "../node/mod.ts";

/**
 * Returns in words how an installed job differs from the one that would be
 * rendered now; nothing when it does not. Into which of the owner's sessions
 * it loads is no difference: launchd decided that when it was loaded.
 */
export function jobDifferences(
  installed: LaunchdJob,
  wanted: LaunchdJob,
): readonly string[] {
  const have = comparable(installed);
  const want = comparable(wanted);
  const keys = new Set([...Object.keys(have), ...Object.keys(want)]);
  return [...keys].flatMap((key) =>
    key === "EnvironmentVariables"
      ? environmentDifferences(installed, wanted)
      : textOf(have, key) === textOf(want, key)
      ? []
      : [key]
  );
}

function environmentDifferences(
  installed: LaunchdJob,
  wanted: LaunchdJob,
): string[] {
  const have = environmentOf(installed);
  const want = environmentOf(wanted);
  const names = new Set([...Object.keys(have), ...Object.keys(want)]);
  return [...names].filter((name) => have[name] !== want[name]).map((name) =>
    `${name} is ${shown(name, have)}, should be ${shown(name, want)}`
  );
}

const SECRETS: ReadonlySet<string> = new Set(
  Object.values<Setting<unknown>>(SETTINGS).filter((it) => it.secret)
    .map((it) => it.variable),
);

function shown(name: string, environment: Variables): string {
  const value = environment[name];
  return value === undefined ? "not set" : SECRETS.has(name) ? "***" : value;
}

function comparable(job: LaunchdJob): LaunchdJob {
  return sessionOf(job) === "background" ? forSession(job, "login") : job;
}

function textOf(job: LaunchdJob, key: string): string {
  const value = job[key];
  return value === undefined ? "" : formatJob({ [key]: value });
}
