import { messageOf } from "../../../shared/errors.ts";
import { plistPath } from "./installation.ts";
import { OwnerError } from "./owner.ts";
import {
  environmentOf,
  type LaunchdJob,
  parseJob,
  textOf,
} from "./property_list.ts";
import type { Variables } from "./node_settings.ts";
import type { Scope } from "./options.ts";
import { SERVICE_NAMES, type ServiceName, SERVICES } from "./services.ts";

/** The property lists that launchd finds on this machine. */
export interface Installed {
  readonly scope: Scope;
  readonly jobs: ReadonlyMap<ServiceName, LaunchdJob>;
  /** Property lists that cannot be read, with the reason. */
  readonly unreadable: ReadonlyMap<ServiceName, string>;
}

/** Reads the installed property lists of one scope, as far as this user may. */
export async function readInstalled(
  scope: Scope,
  home: string,
): Promise<Installed> {
  const jobs = new Map<ServiceName, LaunchdJob>();
  const unreadable = new Map<ServiceName, string>();
  for (const name of SERVICE_NAMES) {
    const path = plistPath(SERVICES[name], { scope, owner: { home } });
    try {
      jobs.set(name, parseJob(await Deno.readTextFile(path)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      const isRoots = error instanceof Deno.errors.PermissionDenied;
      unreadable.set(
        name,
        isRoots ? ROOTS : messageOf(error),
      );
    }
  }
  return { scope, jobs, unreadable };
}

/**
 * Finds what is installed: in the scope asked for, else where there is something.
 * @throws {OwnerError} when this user may not read it
 */
export async function findInstalled(
  scope: Scope | undefined,
  home: string,
): Promise<Installed> {
  const installed = await readEither(scope, home);
  mustBeReadable(installed);
  return installed;
}

/** Without them nothing is known: not where the services lie, nor their addresses. */
export function mustBeReadable({ scope, unreadable }: Installed): void {
  if (![...unreadable.values()].includes(ROOTS)) return;
  throw new OwnerError(
    "Cannot read what is installed: its property lists are root's alone: run " +
      "this with sudo" + (scope === "daemon" ? " and --scope daemon" : ""),
  );
}

const ROOTS = "root alone can read it: use sudo";

async function readEither(
  scope: Scope | undefined,
  home: string,
): Promise<Installed> {
  if (scope !== undefined) return await readInstalled(scope, home);
  const agent = await readInstalled("agent", home);
  if (agent.jobs.size > 0 || agent.unreadable.size > 0) return agent;
  const daemon = await readInstalled("daemon", home);
  return daemon.jobs.size > 0 || daemon.unreadable.size > 0 ? daemon : agent;
}

/** The working folder that the installed services share. */
export function installedPrefix({ jobs }: Installed): string | undefined {
  for (const job of jobs.values()) {
    const prefix = textOf(job, "WorkingDirectory");
    if (prefix !== undefined) return prefix;
  }
  return undefined;
}

/** The settings that the installed services run with, all of them together. */
export function installedSettings({ jobs }: Installed): Variables {
  return Object.assign({}, ...[...jobs.values()].map(environmentOf));
}
