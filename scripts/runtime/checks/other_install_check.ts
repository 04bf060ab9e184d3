import { exists } from "@std/fs";
import {
  addressOf,
  type Finding,
  installedPrefix,
  type Machine,
  plistFolder,
  problem,
  readInstalled,
  type RuntimeNode,
  script,
  type ServiceName,
  SERVICES,
} from "../node/mod.ts";
import type { Jobs } from "../launchd/mod.ts";
import { portHolders } from "./port_holders.ts";

/**
 * Names what stands in the way of an install: another one, or who holds the
 * ports. Side by side they would fight for labels, ports and state.
 */
export async function otherInstallChecks(
  { installation, installed }: Pick<RuntimeNode, "installation" | "installed">,
  options: {
    readonly services: readonly ServiceName[];
    readonly machine: Machine;
    /** Undefined on a machine without launchd. */
    readonly jobs: Jobs | undefined;
  },
): Promise<readonly Finding[]> {
  const { scope, owner, prefix } = installation;
  const other = scope === "agent" ? "daemon" : "agent";
  const elsewhere = await readInstalled(other, owner.home);
  const findings: Finding[] = [];
  if (elsewhere.jobs.size > 0 || elsewhere.unreadable.size > 0) {
    const folder = plistFolder({ scope: other, owner });
    const sudo = other === "daemon" ? "sudo " : "";
    findings.push(problem(
      "install",
      `there is one as Launch${other === "agent" ? "Agent" : "Daemon"}, in ` +
        `${folder}: two have the same ports and state`,
      `${sudo}${script("uninstall-mini", "--scope", other)}, then this again`,
    ));
  }
  const there = installedPrefix(installed);
  if (
    there !== undefined && await exists(there) &&
    await Deno.realPath(there) !== await realPath(prefix)
  ) {
    findings.push(problem(
      "install",
      `there is one in ${there}: a second in ${prefix} would have the same ` +
        "labels and ports",
      `without --prefix this upgrades that one; else first ${
        script("uninstall-mini", "--keep-state")
      }`,
    ));
  }
  for (const name of options.services) {
    const busy = await busyPort(name, installation, options);
    if (busy !== undefined) findings.push(busy);
  }
  return findings;
}

/** Whoever has the port of a service that launchd has not loaded. */
async function busyPort(
  name: ServiceName,
  { settings }: RuntimeNode["installation"],
  { machine, jobs }: {
    readonly machine: Machine;
    readonly jobs: Jobs | undefined;
  },
): Promise<Finding | undefined> {
  const service = SERVICES[name];
  const value = settings.get(service.address)?.value;
  const base = addressOf(service, value ? { [service.address]: value } : {});
  const isLoaded = (await jobs?.find(service))?.length !== 0;
  if (isLoaded || !URL.canParse(base)) return undefined;
  const [holder] = await portHolders(base, { service, run: machine.run }) ?? [];
  return holder === undefined ? undefined : problem(
    name,
    `${holder.who} listens at ${base}` +
      (holder.isOurs ? `: another ${name}, not launchd's` : ""),
    holder.pid === undefined
      ? `change ${service.address}`
      : `end it (kill ${holder.pid}; Ctrl-C in the terminal of a deno task ` +
        `start), or change ${service.address}`,
  );
}

async function realPath(path: string): Promise<string> {
  return await exists(path) ? await Deno.realPath(path) : path;
}
