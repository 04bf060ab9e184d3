import { exists } from "@std/fs";
import { join } from "@std/path";
import { systemReason } from "../../../shared/system_reason.ts";
import {
  addressOf,
  environmentOf,
  formatJob,
  type Installation,
  type LaunchdJob,
  OWNERS_ALONE,
  parseJob,
  type Service,
  settingOf,
  textOf,
} from "../node/mod.ts";
import {
  type Jobs,
  type PlannedJob,
  type Ports,
  waitUntilReady,
} from "../launchd/mod.ts";
import {
  keepDatabase,
  type KeptDatabase,
  restoreDatabase,
} from "./database.ts";
import { type PlannedProgram, stagingFolder } from "./plan.ts";

/**
 * Puts new programs and property lists in the place of the old ones and waits
 * until every service is ready. When one does not become ready, everything is
 * put back. Returns whether the new ones are in force.
 */
export async function exchange(
  changes: Changes,
  ports: ExchangePorts,
): Promise<boolean> {
  const folder = keepingFolder(ports.installation);
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const before = await keep(changes, folder);
  try {
    await takeDown(changes.jobs, before, ports);
    if (changes.programs.some((it) => it.program === "conductor")) {
      const state = settingOf("BAA_STATE_DIR", ports.installation);
      before.database = await keepDatabase(state, folder);
    }
    await putInPlace(changes, ports);
    await bringUp(changes.jobs, ports);
    return true;
  } catch (error) {
    ports.terminal.warn(systemReason(error));
    await putBack(changes, before, ports);
    return false;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export interface Changes {
  readonly programs: readonly PlannedProgram[];
  /** Jobs whose property list or program changes, or that do not run. */
  readonly jobs: readonly PlannedJob[];
}

interface ExchangePorts extends Ports {
  readonly installation: Installation;
  readonly jobs: Jobs;
}

interface Before {
  readonly programs: ReadonlyMap<PlannedProgram, string | undefined>;
  readonly plists: ReadonlyMap<PlannedJob, string | undefined>;
  readonly loaded: Set<Service>;
  database: KeptDatabase | undefined;
}

async function keep(changes: Changes, folder: string): Promise<Before> {
  const programs = new Map<PlannedProgram, string | undefined>();
  for (const program of changes.programs) {
    const copy = join(folder, program.program);
    const isThere = await exists(program.path);
    if (isThere) await Deno.copyFile(program.path, copy);
    programs.set(program, isThere ? copy : undefined);
  }
  const plists = new Map<PlannedJob, string | undefined>();
  for (const job of changes.jobs) {
    plists.set(job, await textIfThere(job.path));
  }
  return { programs, plists, loaded: new Set(), database: undefined };
}

async function takeDown(
  jobs: readonly PlannedJob[],
  { loaded }: Before,
  ports: ExchangePorts,
): Promise<void> {
  for (const { service } of jobs) {
    if (!await ports.jobs.unload(service)) continue;
    loaded.add(service);
    ports.terminal.say(`unloaded   ${service.label}`);
  }
}

/** Renames: a running signed program that is overwritten is killed by the kernel. */
async function putInPlace(
  { programs, jobs }: Changes,
  { terminal }: ExchangePorts,
): Promise<void> {
  for (const { staged, path } of programs) {
    await Deno.rename(staged, path);
    terminal.say(`installed  ${path}`);
  }
  for (const { path, job } of jobs) {
    const text = formatJob(job);
    if (text === await textIfThere(path)) continue;
    await writePlist(path, text);
    terminal.say(`wrote      ${path}`);
  }
}

/**
 * Loads jobs and waits until each is ready.
 * @throws when one is not, with what it printed
 */
export async function bringUp(
  jobs: readonly PlannedJob[],
  ports: Ports & Pick<ExchangePorts, "jobs">,
): Promise<void> {
  const printedBefore = new Map<PlannedJob, number>();
  for (const job of jobs) {
    printedBefore.set(job, (await printedBy(job)).length);
    const { target } = await ports.jobs.load(job.service, job.path);
    await ports.jobs.run(target);
    ports.terminal.say(`loaded     ${target}`);
  }
  for (const job of jobs) {
    const { service } = job;
    const base = addressOf(service, environmentOf(await readJob(job)));
    const reason = await waitUntilReady(service, {
      jobs: ports.jobs,
      clock: ports.machine.clock,
      base,
    });
    if (reason !== undefined) {
      const printed = (await printedBy(job)).slice(printedBefore.get(job));
      throw new Error(
        `${service.name} does not become ready at ${base}: ${reason}` +
          (printed === "" ? "" : `; it printed:\n${indented(printed)}`),
      );
    }
    ports.terminal.say(`ready      ${service.name} at ${base}`);
  }
}

async function putBack(
  changes: Changes,
  before: Before,
  ports: ExchangePorts,
): Promise<void> {
  const { terminal } = ports;
  terminal.warn("Rolling back to what was there before");
  for (const { service } of changes.jobs) {
    await ports.jobs.unload(service);
  }
  for (const [{ path }, copy] of before.programs) {
    if (copy === undefined) await removeIfThere(path);
    else await Deno.rename(copy, path);
  }
  for (const [{ path }, text] of before.plists) {
    if (text === undefined) await removeIfThere(path);
    else await writePlist(path, text);
  }
  if (before.database !== undefined && await restoreDatabase(before.database)) {
    terminal.warn(
      "restored   the database, which the new version had migrated",
    );
  }
  const again = changes.jobs.filter((it) => before.loaded.has(it.service));
  if (again.length === 0) {
    terminal.warn("Rolled back: nothing was loaded before, nothing is now");
    return;
  }
  try {
    await bringUp(again, ports);
    terminal.warn("Rolled back: the previous version runs again");
  } catch (error) {
    terminal.warn(`Rolled back, and it does not run: ${systemReason(error)}`);
  }
}

async function writePlist(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  await Deno.writeTextFile(beside, text, { mode: OWNERS_ALONE });
  await Deno.chmod(beside, OWNERS_ALONE);
  await Deno.rename(beside, path);
}

async function textIfThere(path: string): Promise<string | undefined> {
  return await exists(path) ? await Deno.readTextFile(path) : undefined;
}

async function removeIfThere(path: string): Promise<void> {
  if (await exists(path)) await Deno.remove(path);
}

/** The property list that lies there counts, be it the new one or the old. */
async function readJob({ path }: PlannedJob): Promise<LaunchdJob> {
  return parseJob(await Deno.readTextFile(path));
}

async function printedBy(job: PlannedJob): Promise<string> {
  const file = textOf(await readJob(job), "StandardErrorPath");
  return file === undefined ? "" : await textIfThere(file) ?? "";
}

function keepingFolder(installation: Pick<Installation, "prefix">): string {
  return join(stagingFolder(installation), "..", ".previous");
}

function indented(text: string): string {
  return text.trim().split("\n").slice(-10).map((line) => `    ${line}`).join(
    "\n",
  );
}
