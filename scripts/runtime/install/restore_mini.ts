import { Database } from "@db/sqlite";
import { exists } from "@std/fs";
import { dirname, resolve } from "@std/path";
import { verifyAudit } from "../../../conductor/record/mod.ts";
import { isoTime } from "../../../shared/clock.ts";
import { messageOf } from "../../../shared/errors.ts";
import {
  type Jobs,
  jobsOf,
  type PlannedJob,
  type Ports,
} from "../launchd/mod.ts";
import {
  databasePath,
  EXIT,
  type ExitCode,
  type Flags,
  giveToOwner,
  markRestore,
  plistPath,
  readNode,
  type RestoreMark,
  runningSettings,
  SERVICES,
  settingOf,
  uninterrupted,
} from "../node/mod.ts";
import { checkBackup, removeStaged } from "./check_backup.ts";
import { mustBeUnused } from "./database.ts";
import { bringUp } from "./exchange.ts";
import {
  asidePath,
  MOST_ASIDE,
  removeOldAsides,
  removeStagedOnes,
  stagedPath,
  takeUpRestores,
} from "./restore_left_overs.ts";
import { endSurvivingRuns, keptRuns } from "./surviving_runs.ts";
import { swapBack, swapIn } from "./swap_database.ts";

/**
 * Puts a backup in the place of conductor's database, which is kept beside it,
 * and puts that back when conductor does not become ready on the backup.
 */
export async function restoreMini(
  flags: Flags,
  ports: Ports,
): Promise<ExitCode> {
  const { machine, terminal } = ports;
  const { installation, installed } = await readNode(flags, {
    machine,
    found: "as installed",
  });
  const jobs = await jobsOf(installation, ports);
  const job = installed.jobs.get("conductor");
  if (job === undefined) {
    terminal.warn("Cannot restore: conductor is not installed");
    return EXIT.failed;
  }
  const backup = resolve(flags.operand ?? "");
  const stateDir = runningSettings(installed, machine)["BAA_STATE_DIR"] ??
    settingOf("BAA_STATE_DIR", installation);
  const path = databasePath(stateDir);
  const folder = dirname(path);
  const stamp = isoTime(machine.clock.now()).replaceAll(/[:.]/g, "-");
  const staged = stagedPath(path, stamp);
  await mustBeAnother(backup, path);
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  if (!flags.dryRun) await removeStagedOnes(path);
  using mark = await markRestore(folder, {
    stamp,
    backup: flags.dryRun ? "" : backup,
  });
  try {
    await giveToOwner(mark.path, installation.owner, machine);
    const found = await checkBackup(backup, staged);
    const { version, newestVersion, auditRows, queued, running } = found;
    await giveToOwner(staged, installation.owner, machine);
    terminal.say(
      `checked    ${backup}: whole, ${auditRows} audit rows follow one another, ` +
        `schema version ${version}` +
        (version === newestVersion ? "" : `, to become ${newestVersion}`),
    );
    terminal.say(
      `it says    ${queued} tasks wait and ${running.size} runs go on: ` +
        "what waits is started, also what has been done since",
    );
    const restore: Restore = {
      path,
      stateDir,
      staged,
      mark,
      aside: asidePath(path, stamp),
      job: {
        service: SERVICES.conductor,
        path: plistPath(SERVICES.conductor, installation),
        job,
      },
      jobs,
      ports,
    };
    if (flags.dryRun) {
      terminal.say(
        `would stop conductor, keep ${path} as ${restore.aside}, ` +
          "put the backup in its place, start conductor and see whether it is " +
          "ready; runs that survive and that the backup does not know would be " +
          "ended",
      );
      return EXIT.ok;
    }
    // Nothing is stopped for the sake of what would be refused then.
    await mustBeUnused(path, jobs);
    const before = await uninterrupted(terminal, () => exchange(restore));
    if (before === undefined) return EXIT.failed;
    const ended = await endSurvivingRuns(stateDir, {
      clock: machine.clock,
      terminal,
      // What the restored conductor has begun since is its own.
      isKept: (id) => running.has(id) || !before.includes(id),
    });
    for (const id of ended) {
      terminal.say(`ended      run ${id}, which the backup does not know`);
    }
    for (const old of await removeOldAsides(path)) {
      terminal.say(
        `removed    ${old}: the newest ${MOST_ASIDE} of its kind are kept`,
      );
    }
    return EXIT.ok;
  } finally {
    await removeStaged(staged);
  }
}

interface Restore {
  /** The database. */
  readonly path: string;
  readonly stateDir: string;
  /** The backup, beside it. */
  readonly staged: string;
  readonly mark: RestoreMark;
  /** Where what is there now is kept. */
  readonly aside: string;
  readonly job: PlannedJob;
  readonly jobs: Jobs;
  readonly ports: Ports;
}

/**
 * Returns the runs that outlived the conductor before, once another runs on the
 * backup; undefined when none does.
 */
async function exchange(
  restore: Restore,
): Promise<readonly string[] | undefined> {
  const { path, stateDir, staged, aside, job, jobs, ports } = restore;
  const { terminal } = ports;
  const wasLoaded = await jobs.unload(job.service);
  if (wasLoaded) terminal.say(`unloaded   ${job.service.label}`);
  let isToRun = wasLoaded;
  let isPut = false;
  try {
    await mustBeUnused(path);
    for (const backup of await takeUpRestores(path)) {
      isToRun = true;
      terminal.say(`took up    a restore of ${backup}, which was broken off`);
    }
    const before = await keptRuns(stateDir);
    await giveBackLease(staged);
    await swapIn(staged, { path, aside });
    isPut = true;
    if (await exists(aside)) {
      terminal.say(`kept       ${aside}, what was there before`);
    }
    await bringUp([job], { ...ports, jobs });
    assertTrail(path);
    terminal.say(`restored   ${path}: conductor is ready, its audit whole`);
    return before;
  } catch (error) {
    terminal.warn(messageOf(error));
    terminal.warn("Rolling back to what was there before");
    if (isPut) await rollBack(restore);
    if (!isToRun) return undefined;
    await bringUp([job], { ...ports, jobs }).then(
      () => terminal.warn("Rolled back: conductor runs on it again"),
      (error) =>
        terminal.warn(`Rolled back, and it does not run: ${messageOf(error)}`),
    );
    return undefined;
  }
}

async function rollBack(
  { path, aside, mark, job, jobs }: Restore,
): Promise<void> {
  try {
    await jobs.unload(job.service);
    await swapBack({ path, aside });
  } catch (error) {
    mark.keep();
    throw error;
  }
}

async function mustBeAnother(backup: string, path: string): Promise<void> {
  const ids = await Promise.all(
    [backup, path].map((it) =>
      Deno.stat(it).then(({ dev, ino }) => `${dev}:${ino}`, () => it)
    ),
  );
  if (ids[0] !== ids[1]) return;
  throw new Error(`Cannot restore ${backup}: it is the database in use`);
}

/** Nobody leads on it: the conductor that comes need not wait for the lease of the one that made it. */
async function giveBackLease(staged: string): Promise<void> {
  const database = new Database(staged, { create: false });
  try {
    database.exec(
      `UPDATE lease SET instance_id = NULL, controller_id = NULL, host = NULL,
         expires_at = 0`,
    );
  } finally {
    database.close();
  }
  using file = await Deno.open(staged, { write: true });
  await file.sync();
}

function assertTrail(path: string): void {
  const database = new Database(path, {
    readonly: true,
    int64: true,
    parseJson: false,
  });
  try {
    const { ok, problem } = verifyAudit(database);
    if (!ok) throw new Error(`Its audit trail is not whole: ${problem}`);
  } finally {
    database.close();
  }
}
