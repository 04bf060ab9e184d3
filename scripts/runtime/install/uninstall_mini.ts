import { exists } from "@std/fs";
import { dirname, join } from "@std/path";
import { sha256Hex } from "../../../shared/digest.ts";
import { jobsOf, type Ports } from "../launchd/mod.ts";
import {
  databasePath,
  EXIT,
  type ExitCode,
  type Flags,
  HANDED_OVER,
  installedPrefix,
  type Machine,
  plistPath,
  programPath,
  readNode,
  recordPath,
  runningSettings,
  type RuntimeNode,
  type Service,
  SERVICE_NAMES,
  SERVICES,
  settingOf,
  uninterrupted,
} from "../node/mod.ts";
import { mustBeUnused } from "./database.ts";
import { endSurvivingRuns } from "./surviving_runs.ts";

/**
 * Takes away what the installer wrote, and nothing else; what the services
 * wrote, their state and logs, only with `--purge` or a yes to the question.
 */
export async function uninstallMini(
  flags: Flags,
  ports: Ports,
): Promise<ExitCode> {
  const { machine, terminal } = ports;
  const node = await readNode(flags, { machine, found: "as installed" });
  const { installation, installed } = node;
  const elsewhere = installedPrefix(installed);
  if (elsewhere !== undefined && elsewhere !== installation.prefix) {
    terminal.warn(
      `Cannot uninstall ${installation.prefix}: the services are installed in ${elsewhere}`,
    );
    return EXIT.failed;
  }
  const plan = await planRemoval(node, ports);
  if (installed.jobs.size === 0 && plan.program.length === 0) {
    terminal.say(`nothing is installed in ${installation.prefix}`);
  }
  if (flags.dryRun) {
    for (const path of [...plan.program, ...flags.purge ? plan.data : []]) {
      terminal.say(`would remove  ${path}`);
    }
    tellLeft(plan, { ports, isPurged: flags.purge });
    return EXIT.ok;
  }
  const jobs = await jobsOf(installation, ports);
  const database = databasePath(plan.stateDir);
  await mustBeUnused(database, jobs);
  const isPurged = flags.purge || (!flags.keepState && mayPurge(plan, ports));
  const removed = [...plan.program, ...isPurged ? plan.data : []];
  await mustBeRemovable(removed, machine);
  return await uninterrupted(terminal, async () => {
    const unloaded: Service[] = [];
    try {
      for (const name of SERVICE_NAMES) {
        if (!await jobs.unload(SERVICES[name])) continue;
        unloaded.push(SERVICES[name]);
        terminal.say(`unloaded  ${SERVICES[name].label}`);
      }
      await mustBeUnused(database);
    } catch (error) {
      for (const service of unloaded) {
        await jobs.load(service, plistPath(service, installation));
        terminal.say(`loaded    ${service.label} again`);
      }
      throw error;
    }
    const { clock } = machine;
    for (
      const id of await endSurvivingRuns(plan.stateDir, { clock, terminal })
    ) {
      terminal.say(`ended     run ${id}, which outlived conductor`);
    }
    for (const path of removed) {
      await Deno.remove(path, { recursive: true });
      terminal.say(`removed   ${path}`);
    }
    for (const folder of plan.folders) await removeIfEmpty(folder);
    tellLeft(plan, { ports, isPurged });
    return EXIT.ok;
  });
}

/** What there is, by what becomes of it. */
interface Removal {
  readonly stateDir: string;
  /** What the installer wrote; its record last, by which the rest is known. */
  readonly program: readonly string[];
  /** What the services wrote. */
  readonly data: readonly string[];
  /** What was made for either, and goes when nothing else is in it. */
  readonly folders: readonly string[];
  /** What stays whatever is said, with the reason. */
  readonly foreign: readonly string[];
}

async function planRemoval(
  { installation, installed, record }: RuntimeNode,
  { machine }: Ports,
): Promise<Removal> {
  const running = runningSettings(installed, machine);
  const place = (variable: string) =>
    installed.jobs.size > 0 && running[variable] ||
    settingOf(variable, installation);
  const stateDir = place("BAA_STATE_DIR");
  const logsDir = place("BAA_LOGS_DIR");
  const tmpDir = place("BAA_TMP_DIR");
  const { prefix } = installation;
  const program: string[] = [];
  const foreign: string[] = [];
  for (const name of SERVICE_NAMES) {
    const path = plistPath(SERVICES[name], installation);
    const why = installed.unreadable.get(name);
    if (why !== undefined) foreign.push(`${path}: ${why}`);
    else if (installed.jobs.has(name)) program.push(path);
  }
  for (const name of ["conductor", "codexd"] as const) {
    const path = programPath(name, installation);
    if (!await exists(path)) continue;
    const written = record?.programs[name]?.installed;
    if (sha256Hex(await Deno.readFile(path)) === written) program.push(path);
    else foreign.push(`${path}: it is not what the installer wrote`);
  }
  const bin = join(prefix, "bin");
  const handedOver = machine.environment[HANDED_OVER] !== undefined;
  const logs = ["conductor", "codexd", "status-api", "launchd"];
  if (handedOver) {
    foreign.push(`${join(logsDir, "runtime")}: this is said there`);
  } else logs.push("runtime");
  return {
    stateDir,
    program: await existing([
      ...program,
      join(bin, ".new"),
      join(bin, ".previous"),
      recordPath(installation),
    ]),
    data: await existing([
      ...["conductor", "codexd", "jobs"].map((it) => join(stateDir, it)),
      ...logs.map((it) => join(logsDir, it)),
      // Elsewhere it is shared with others.
      ...tmpDir === join(prefix, "tmp") ? [tmpDir] : [],
    ]),
    // One elsewhere is one that the owner chose.
    folders: [
      ...[bin, stateDir, logsDir].filter((it) => it.startsWith(`${prefix}/`)),
      join(installation.owner.home, ".baa-conductor"),
    ],
    foreign,
  };
}

/** Nothing is stopped for the sake of what then cannot be done. */
async function mustBeRemovable(
  paths: readonly string[],
  { run }: Machine,
): Promise<void> {
  for (const folder of new Set(paths.map((it) => dirname(it)))) {
    const { code } = await run(["test", "-w", folder]);
    if (code !== 1) continue;
    throw new Error(
      `Cannot uninstall: you may not change ${folder}; run this as its owner, ` +
        "or with sudo and --scope daemon for what starts at boot",
    );
  }
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map((it) => exists(it)));
  return paths.filter((_, index) => found[index]);
}

function mayPurge({ data }: Removal, { terminal }: Ports): boolean {
  if (data.length === 0) return false;
  return terminal.confirm(
    `Remove what the services wrote as well?\n  ${
      data.join("\n  ")
    }\nThis cannot be undone.`,
  ) === true;
}

function tellLeft(
  { data, foreign }: Removal,
  { ports: { terminal }, isPurged }: {
    readonly ports: Ports;
    readonly isPurged: boolean;
  },
): void {
  for (const path of isPurged ? [] : data) terminal.say(`left      ${path}`);
  for (const what of foreign) terminal.say(`left      ${what}`);
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await Deno.remove(folder);
  } catch {
    // Something else is in it, or it is not there.
  }
}
