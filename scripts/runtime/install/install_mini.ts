import { ensureDir, exists } from "@std/fs";
import { join } from "@std/path";
import { VERSION } from "../../../shared/version.ts";
import { machineChecks, otherInstallChecks } from "../checks/mod.ts";
import {
  DEFAULT_SERVICES,
  EXIT,
  type ExitCode,
  findOwner,
  type Flags,
  foldersOf,
  giveToOwner,
  type Installation,
  OwnerError,
  OWNERS_ALONE,
  plistFolder,
  readNode,
  report,
  type RuntimeNode,
  type ServiceName,
  SERVICES,
  settingOf,
  uninterrupted,
  writeRecord,
} from "../node/mod.ts";
import { domainsOf, type Jobs, jobsOf, type Ports } from "../launchd/mod.ts";
import { changesOf } from "./changes.ts";
import { drain } from "./drain.ts";
import { printPlan } from "./dry_run.ts";
import { exchange } from "./exchange.ts";
import { type Plan, planInstall, stagingFolder } from "./plan.ts";
import { stage, type StagedProgram } from "./staged.ts";

/** Installs the services, or upgrades them in place. */
export async function installMini(
  flags: Flags,
  ports: Ports,
): Promise<ExitCode> {
  const node = await readNode(flags, {
    machine: ports.machine,
    found: "now",
    ...(flags.dryRun && { owner: await ownerToPrint(flags, ports) }),
  });
  const services = servicesToInstall(flags, node);
  return flags.dryRun
    ? await dryRun(flags, { node, services, ports })
    : await install(flags, { node, services, ports });
}

interface Work {
  readonly node: RuntimeNode;
  readonly services: readonly ServiceName[];
  readonly ports: Ports;
}

async function dryRun(flags: Flags, work: Work): Promise<ExitCode> {
  const { node, ports } = work;
  const findings = [...await check(work), ...await otherInstalls(work)];
  const fits = report(findings, {
    ...ports.terminal,
    say: ports.terminal.warn,
  });
  if (!fits) ports.terminal.warn("Without --dry-run it would stop here");
  const { installation } = node;
  printPlan(await plan(work), {
    domain: domainsOf(installation)[0] ?? "",
    identity: identityOf(flags, node),
    terminal: ports.terminal,
  });
  return EXIT.ok;
}

async function install(flags: Flags, work: Work): Promise<ExitCode> {
  const { node, ports } = work;
  const { machine, terminal } = ports;
  const { installation, record } = node;
  const jobs = await jobsOf(installation, ports);
  if (
    !report(await check(work), terminal) ||
    !report(await otherInstalls(work, jobs), terminal)
  ) {
    terminal.warn("Cannot install: nothing was changed");
    return EXIT.failed;
  }
  await makeFolders(installation, ports);
  const planned = await plan(work);
  const identity = identityOf(flags, node);
  terminal.say(
    `compiling  ${planned.programs.map((it) => it.program).join(" and ")}`,
  );
  const staged = await stage(planned, { machine, record, identity });
  const changes = await changesOf(planned, staged, jobs);
  const isStopped = changes.jobs.some(({ service }) =>
    service.name === "conductor"
  );
  const isUpgraded = isStopped &&
    (await jobs.find(SERVICES.conductor)).length > 0;
  await using _drained = isUpgraded
    ? await drain(installation, ports)
    : undefined;
  const isInForce = await uninterrupted(
    terminal,
    () => exchange(changes, { ...ports, installation, jobs }),
  );
  await Deno.remove(stagingFolder(installation), { recursive: true });
  if (!isInForce) return EXIT.failed;
  await leaveRecord({ flags, node, staged });
  // Older versions let others read them, and what is the same is not written.
  for (const { path } of planned.jobs) await Deno.chmod(path, OWNERS_ALONE);
  terminal.say(
    `left out   ${
      fileLimits(installation).join(", ")
    }: files/read and files/write never reach them`,
  );
  for (const { service } of planned.jobs) {
    if (changes.jobs.some((it) => it.service === service)) continue;
    terminal.say(`unchanged  ${service.name}`);
  }
  return EXIT.ok;
}

async function check({ node, services, ports: { machine } }: Work) {
  return [
    ...node.problems,
    ...await machineChecks(node.installation, { machine, services }),
  ];
}

function otherInstalls(
  { node, services, ports: { machine } }: Work,
  jobs?: Jobs,
) {
  return otherInstallChecks(node, { machine, services, jobs });
}

function plan({ node, services, ports }: Work): Promise<Plan> {
  return planInstall(services, {
    installation: node.installation,
    repository: ports.machine.repository,
  });
}

/** What is installed stays installed: it shares a program with conductor. */
function servicesToInstall(
  flags: Flags,
  { installed }: RuntimeNode,
): readonly ServiceName[] {
  return flags.withStatusApi || installed.jobs.has("status-api")
    ? [...DEFAULT_SERVICES, "status-api"]
    : DEFAULT_SERVICES;
}

function identityOf(flags: Flags, { record }: RuntimeNode): string | undefined {
  return flags.identity ?? record?.identity;
}

async function makeFolders(
  installation: Installation,
  { machine }: Ports,
): Promise<void> {
  const staging = stagingFolder(installation);
  if (await exists(staging)) await Deno.remove(staging, { recursive: true });
  for (
    const folder of [...foldersOf(installation), join(staging, ".."), staging]
  ) {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    await Deno.chmod(folder, 0o700);
    await giveToOwner(folder, installation.owner, machine);
  }
  await ensureDir(plistFolder(installation));
}

async function leaveRecord(options: {
  readonly flags: Flags;
  readonly node: RuntimeNode;
  readonly staged: readonly StagedProgram[];
}): Promise<void> {
  const { flags, node, staged } = options;
  const identity = identityOf(flags, node);
  await writeRecord(node.installation, {
    format: 1,
    version: VERSION,
    deno: Deno.version.deno,
    remembered: node.toRemember,
    programs: Object.fromEntries(
      staged.map(({ planned, compiled, installed }) => [
        planned.program,
        { compiled, installed },
      ]),
    ),
    ...(identity !== undefined && { identity }),
  });
}

/** What conductor's file operations are kept from, though the roots hold it. */
function fileLimits(installation: Installation): readonly string[] {
  return [
    settingOf("BAA_STATE_DIR", installation),
    settingOf("BAA_LOGS_DIR", installation),
    ...installation.settings.get("BAA_HOST_OPS_LEFT_OUT")?.value.split(":") ??
      [],
  ];
}

/** A dry run prints for an owner who cannot be told as well. */
async function ownerToPrint(flags: Flags, { machine, terminal }: Ports) {
  try {
    return await findOwner(flags.scope ?? "agent", flags, machine);
  } catch (error) {
    if (!(error instanceof OwnerError)) throw error;
    terminal.warn(`${error.message}; printed for OWNER`);
    return { name: "OWNER", uid: 501, gid: 20, home: "/Users/OWNER" };
  }
}
