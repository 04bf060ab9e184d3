import { build, parse, type PlistValue } from "plist";
import { messageOf } from "../../../shared/errors.ts";

/** A property list as launchd reads it. */
export type LaunchdJob = Readonly<Record<string, PlistValue>>;

/**
 * Where a job is loaded: `login` needs somebody logged in at the screen,
 * `background` is what there is without, `system` is for all users.
 */
export type LaunchdSession = "login" | "background" | "system";

/** Returns `job` as it must be to load into `session`: see launchd.md. */
export function forSession(
  job: LaunchdJob,
  session: "login" | "background",
): LaunchdJob {
  const { LimitLoadToSessionType: _dropped, ...rest } = job;
  return session === "login"
    ? rest
    : { ...rest, LimitLoadToSessionType: "Background" };
}

/** Tells into which session a property list loads. */
export function sessionOf(job: LaunchdJob): LaunchdSession {
  if ("UserName" in job) return "system";
  return job["LimitLoadToSessionType"] === "Background"
    ? "background"
    : "login";
}

/** Writes a job as XML, two equal jobs as the same text. */
export function formatJob(job: LaunchdJob): string {
  return build(job, { indent: "  " }) + "\n";
}

/** Reads a property list; throws when it is none. */
export function parseJob(xml: string): LaunchdJob {
  let value: PlistValue;
  try {
    value = parse(xml);
  } catch (error) {
    throw new Error(`Cannot read the property list: ${messageOf(error)}`);
  }
  if (isJob(value)) return value;
  throw new Error("Cannot read the property list: its root is not a dict");
}

/** Returns the text at `key`, such as `WorkingDirectory`. */
export function textOf(job: LaunchdJob, key: string): string | undefined {
  const value = job[key];
  return typeof value === "string" ? value : undefined;
}

/** Returns the environment that a job gives its program. */
export function environmentOf(
  job: LaunchdJob,
): Readonly<Record<string, string>> {
  const value = job["EnvironmentVariables"];
  if (value === undefined || !isJob(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((it): it is [string, string] =>
      typeof it[1] === "string"
    ),
  );
}

function isJob(value: PlistValue): value is Record<string, PlistValue> {
  return typeof value === "object" && value !== null &&
    !Array.isArray(value) && !(value instanceof Date) &&
    !(value instanceof Uint8Array);
}
