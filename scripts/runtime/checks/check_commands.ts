import { dirname, join } from "@std/path";
import {
  addressOf,
  brokenOffFindings,
  databasePath,
  DEFAULT_SERVICES,
  EXIT,
  type ExitCode,
  type Finding,
  findLaunchctl,
  type Flags,
  type Installation,
  ok,
  readNode,
  report,
  runningSettings,
  type RuntimeNode,
  script,
  type ServiceName,
  SERVICES,
  type Variables,
} from "../node/mod.ts";
import { jobsOf, NoLaunchd, type Ports } from "../launchd/mod.ts";
import {
  backupCheck,
  conductorChecks,
  databaseCheck,
} from "./conductor_checks.ts";
import { clockCheck, watchClock } from "./clock_check.ts";
import { diskCheck } from "./disk_check.ts";
import { macChecks } from "./mac_checks.ts";
import { machineChecks } from "./machine_checks.ts";
import { sharedMachineCheck } from "./shared_machine_check.ts";
import { tokenOf } from "./knows_token.ts";
import { serviceChecks } from "./service_checks.ts";
import { staticChecks } from "./static_checks.ts";

/** Checks what is installed, without asking a running service. */
export async function checkLaunchd(
  flags: Flags,
  ports: Ports,
): Promise<ExitCode> {
  const { machine, terminal } = ports;
  if (await findLaunchctl(machine) === undefined) throw new NoLaunchd();
  const node = await readNode(flags, { machine, found: "as installed" });
  const findings = await staticChecks(checked(flags), { node, machine });
  return report(findings, terminal) ? EXIT.ok : EXIT.failed;
}

/** Checks the running node; before that what is installed, unless told not to. */
export async function checkNode(
  flags: Flags,
  ports: Ports,
): Promise<ExitCode> {
  const before = flags.skipStaticCheck
    ? EXIT.ok
    : await staticPart(flags, ports);
  const node = await readNode(flags, {
    machine: ports.machine,
    found: "as installed",
  });
  const isHealthy = report(
    await nodeChecks(flags, { node, ports }),
    ports.terminal,
  );
  return isHealthy ? before : EXIT.failed;
}

/** check-launchd, then check-node without its static part. */
export async function verifyMini(
  flags: Flags,
  ports: Ports,
): Promise<ExitCode> {
  const { terminal } = ports;
  terminal.say("check-launchd");
  const installed = await staticPart(flags, ports);
  terminal.say("check-node --skip-static-check");
  const running = await checkNode({ ...flags, skipStaticCheck: true }, ports);
  const code = running === EXIT.ok ? installed : running;
  terminal.say(code === EXIT.ok ? "The node is in order" : "See the PROBLEMs");
  return code;
}

/** Looks at everything and says what to do about it. Changes nothing, kills nobody. */
export async function doctor(flags: Flags, ports: Ports): Promise<ExitCode> {
  const { machine, terminal } = ports;
  const node = await readNode(flags, { machine, found: "as installed" });
  const isInstalled = node.installed.jobs.size > 0;
  const hasLaunchd = await findLaunchctl(machine) !== undefined;
  const services = checked(flags);
  const clock = watchClock(machine);
  const installation = isInstalled
    ? node.installation
    : fromSource(node, machine.environment);
  const findings = [
    ...(hasLaunchd ? [] : [
      ok("launchd", "none on this machine: deno task start runs the services"),
    ]),
    ...await machineChecks(installation, { machine, services }),
    ...await sharedMachineCheck(installation, machine),
    ...await macChecks(installation, { machine, isInstalled }),
    ...(isInstalled ? await staticChecks(services, { node, machine }) : []),
    ...await nodeChecks(flags, { node, ports }),
    ...clock(),
  ];
  return report(distinct(findings), terminal) ? EXIT.ok : EXIT.failed;
}

async function staticPart(flags: Flags, ports: Ports): Promise<ExitCode> {
  try {
    return await checkLaunchd(flags, ports);
  } catch (error) {
    if (!(error instanceof NoLaunchd)) throw error;
    ports.terminal.warn(error.message);
    return EXIT.noLaunchd;
  }
}

async function nodeChecks(
  flags: Flags,
  { node, ports }: { readonly node: RuntimeNode; readonly ports: Ports },
): Promise<readonly Finding[]> {
  const { machine } = ports;
  const { installed, installation } = node;
  const settings = runningSettings(installed, machine);
  const stateDir = settings["BAA_STATE_DIR"] ?? installation.prefix;
  const hasLaunchd = await findLaunchctl(machine) !== undefined;
  const isUnderLaunchd = installed.jobs.size > 0 && hasLaunchd;
  const source = "deno task start";
  const start = hasLaunchd
    ? `${script("install-mini")}, or ${source} to try it`
    : source;
  const jobs = isUnderLaunchd ? await jobsOf(installation, ports) : undefined;
  const services = checked(flags);
  const token = await tokenOf(settings);
  const findings: Finding[] = [];
  for (const name of services) {
    const seen = await serviceChecks(name, {
      settings,
      machine,
      jobs,
      start,
      token,
    });
    findings.push(...seen.findings);
    if (name !== "conductor") continue;
    if (seen.isService) {
      findings.push(
        ...await conductorChecks({
          base: addressOf(SERVICES.conductor, settings),
          token,
        }),
      );
    }
    const database = databasePath(stateDir);
    findings.push(
      ...await brokenOffFindings(dirname(database)),
      ...await databaseCheck(database),
    );
    findings.push(...clockCheck(database, machine));
    findings.push(backupCheck(join(dirname(database), "backups"), Date.now()));
  }
  return [...findings, await diskCheck(stateDir)];
}

/** Naming the wrapper alone adds it to what is always checked. */
function checked({ services }: Flags): readonly ServiceName[] {
  return services.length === 1 && services[0] === "status-api"
    ? [...DEFAULT_SERVICES, "status-api"]
    : services;
}

/** The node of `deno task start`: the environment alone decides. */
function fromSource(
  { installation }: RuntimeNode,
  environment: Variables,
): Installation {
  const { settings } = installation;
  return {
    ...installation,
    settings: new Map(
      [...settings].filter(([name, { from }]) =>
        from === "the environment" || name === "BAA_CODEX_BIN" ||
        environment[name] !== undefined
      ),
    ),
  };
}

function distinct(findings: readonly Finding[]): readonly Finding[] {
  return [
    ...new Map(findings.map((it) => [`${it.subject}: ${it.seen}`, it]))
      .values(),
  ];
}
