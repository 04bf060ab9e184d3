import { exists } from "@std/fs";
import { systemReason } from "../../../shared/system_reason.ts";
import { takeUpRestores } from "../install/mod.ts";
import {
  databasePath,
  EXIT,
  type ExitCode,
  findInstalled,
  findOwner,
  type Flags,
  formatCommand,
  plistPath,
  runningSettings,
  script,
  type Service,
  SERVICES,
} from "../node/mod.ts";
import {
  domainsOf,
  isRunning,
  type Jobs,
  jobsOf,
  type Ports,
  whatLaunchdSays,
} from "../launchd/mod.ts";

/** What a deed asks of launchd, in the order of its commands. */
type Verb = "bootout" | "bootstrap" | "kickstart";

/** What is done to one service; returns the line to print, throws when it fails. */
type Deed = (service: Service, context: DeedContext) => Promise<string>;

interface DeedContext {
  readonly jobs: Jobs;
  readonly plist: string;
  readonly stateDir: string | undefined;
}

/** Loads the services that are not loaded, and starts those that ended. */
export function startLaunchd(flags: Flags, ports: Ports): Promise<ExitCode> {
  return forEach(flags, {
    ports,
    deed: start,
    verbs: ["bootstrap", "kickstart"],
  });
}

/** Unloads the services; they come back at the next login or boot. */
export function stopLaunchd(flags: Flags, ports: Ports): Promise<ExitCode> {
  return forEach(flags, { ports, deed: stop, verbs: ["bootout"] });
}

/** Unloads the services and loads them again, with the property lists as they lie there. */
export function restartLaunchd(flags: Flags, ports: Ports): Promise<ExitCode> {
  return forEach(flags, {
    ports,
    verbs: ["bootout", "bootstrap", "kickstart"],
    deed: async (service, context) => {
      await mustExist(context.plist);
      await context.jobs.unload(service);
      return await start(service, context);
    },
  });
}

async function start(
  service: Service,
  { jobs, plist, stateDir }: DeedContext,
): Promise<string> {
  await mustExist(plist);
  const brokenOff = service.name === "conductor" && stateDir !== undefined
    ? await takeUpRestores(databasePath(stateDir))
    : [];
  const { target, wasLoaded } = await jobs.load(service, plist);
  const job = await jobs.run(target);
  if (job === undefined || !isRunning(job)) {
    throw new Error(
      `It does not keep running: ${whatLaunchdSays(job)}. ` +
        "status-launchd.sh shows what it printed",
    );
  }
  return `${wasLoaded ? "running already" : "started"}, ${
    whatLaunchdSays(job)
  }${brokenOff.map((it) => `; the restore of ${it} was broken off`).join("")}`;
}

async function stop(service: Service, { jobs }: DeedContext): Promise<string> {
  return await jobs.unload(service) ? "stopped" : "was not loaded";
}

async function forEach(
  flags: Flags,
  { ports, deed, verbs }: {
    readonly ports: Ports;
    readonly deed: Deed;
    readonly verbs: readonly Verb[];
  },
): Promise<ExitCode> {
  const { machine, terminal } = ports;
  const installed = await findInstalled(
    flags.scope,
    machine.environment["HOME"] ?? "/",
  );
  const { scope } = installed;
  const owner = await findOwner(scope, flags, machine);
  if (flags.dryRun) {
    for (const name of flags.services) {
      const plist = plistPath(SERVICES[name], { scope, owner });
      const domain = domainsOf({ scope, owner })[0] ?? "system";
      const target = `${domain}/${SERVICES[name].label}`;
      for (const verb of verbs) {
        const what = verb === "bootstrap" ? [domain, plist] : [target];
        terminal.say(formatCommand(["launchctl", verb, ...what]));
      }
    }
    return EXIT.ok;
  }
  const jobs = await jobsOf({ scope, owner }, ports);
  const { BAA_STATE_DIR: stateDir } = runningSettings(installed, machine);
  let code: ExitCode = EXIT.ok;
  for (const name of flags.services) {
    const service = SERVICES[name];
    try {
      const plist = plistPath(service, { scope, owner });
      terminal.say(
        `${name}: ${await deed(service, { jobs, plist, stateDir })}`,
      );
    } catch (error) {
      terminal.warn(`${name}: ${systemReason(error)}`);
      code = EXIT.failed;
    }
  }
  return code;
}

async function mustExist(plist: string): Promise<void> {
  if (await exists(plist)) return;
  throw new Error(
    `It is not installed: there is no ${plist}. Run ${
      script(
        "install-mini",
        ...plist.includes("status-api") ? ["--with-status-api"] : [],
      )
    }`,
  );
}
