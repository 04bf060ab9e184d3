import { messageOf } from "../../../shared/errors.ts";
import { plistPath } from "./installation.ts";
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

/** Reads the installed property lists of one scope. */
async function readInstalled(
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
        isRoots ? "root alone can read it: use sudo" : messageOf(error),
      );
    }
  }
  return { scope, jobs, unreadable };
}

/** Finds what is installed: in the scope asked for, else where there is something. */
export async function findInstalled(
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
