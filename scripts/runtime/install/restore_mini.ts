import { Database } from "@db/sqlite";
import { exists } from "@std/fs";
import { dirname, join, resolve } from "@std/path";
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
  plistPath,
  readNode,
  runningSettings,
  SERVICES,
  settingOf,
  uninterrupted,
} from "../node/mod.ts";
import { checkBackup, removeStaged } from "./check_backup.ts";
import { mustBeUnused } from "./database.ts";
import { bringUp } from "./exchange.ts";
import { endSurvivingRuns, keptRuns } from "./surviving_runs.ts";

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
  const stamp = isoTime(machine.clock.now()).replaceAll(/[:.]/g, "-");
  const beside = (name: string) => join(dirname(path), `${name}-${stamp}.db`);
  const staged = beside("restore");
  await mustBeAnother(backup, path);
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
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
      aside: beside("aside"),
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
  const isThere = await exists(path);
  let isPut = false;
  try {
    await mustBeUnused(path);
    const before = await keptRuns(stateDir);
    completeFile(path);
    await move(path, aside, { isCopied: true });
    if (isThere) terminal.say(`kept       ${aside}, what was there before`);
    await Deno.rename(staged, path);
    isPut = true;
    await bringUp([job], { ...ports, jobs });
    assertTrail(path);
    terminal.say(`restored   ${path}: conductor is ready, its audit whole`);
    return before;
  } catch (error) {
    terminal.warn(messageOf(error));
    terminal.warn("Rolling back to what was there before");
    if (isPut) {
      await jobs.unload(job.service);
      await removeStaged(path);
    }
    await move(aside, path);
    if (!wasLoaded) return undefined;
    await bringUp([job], { ...ports, jobs }).then(
      () => terminal.warn("Rolled back: conductor runs on it again"),
      (error) =>
        terminal.warn(`Rolled back, and it does not run: ${messageOf(error)}`),
    );
    return undefined;
  }
}

/**
 * Writes into the file what its log holds, after a conductor that was killed:
 * in three moves the two could be parted. What is damaged is moved as it is.
 */
function completeFile(path: string): void {
  try {
    const database = new Database(path, { create: false });
    try {
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      database.close();
    }
  } catch {
    // It is kept as it is, the log beside it.
  }
}

/**
 * Moves a database with its logs. Copied: its own file stays until another one
 * is renamed over it, so that there is one at any moment.
 */
async function move(
  from: string,
  to: string,
  { isCopied = false } = {},
): Promise<void> {
  for (const suffix of ["-wal", "-shm", ""]) {
    if (!await exists(from + suffix)) continue;
    if (suffix === "" && isCopied) await Deno.link(from, to);
    else await Deno.rename(from + suffix, to + suffix);
    // Between two names of one file renaming does nothing.
    if (!isCopied && await exists(from + suffix)) {
      await Deno.remove(from + suffix);
    }
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
