import { fromFileUrl, join } from "@std/path";
import { isoTime } from "../../shared/clock.ts";
import { systemReason } from "../../shared/system_reason.ts";
import { shellQuote } from "../../shared/shell_quote.ts";
import { MARKS } from "../../shared/shell_variables.ts";
import { ancestors } from "../ancestors.ts";
import { NoLaunchd, type Ports } from "./launchd/mod.ts";
import {
  askerOf,
  EXIT,
  type ExitCode,
  findLaunchctl,
  type Flags,
  HANDED_OVER,
  type Machine,
  readNode,
  settingOf,
} from "./node/mod.ts";

/**
 * Tells whether one of the daemons started this, and ends it when it ends: by
 * its mark, or where sudo, a login shell or `env -i` has dropped that, by what
 * this descends from. What was handed over is inside no more.
 */
export async function isInside(
  { environment }: Pick<Machine, "environment">,
): Promise<boolean> {
  if (environment[MARKS.inside] !== undefined) return true;
  if (environment[HANDED_OVER] !== undefined) return false;
  return (await ancestors()).some(({ args }) => DAEMON.test(args));
}

/** How a daemon was started: as a compiled program, or from source. */
const DAEMON =
  /^\/(.*\/)?bin\/(conductor|codexd)( |$)|^\S*deno run .*\/(conductor|codexd)\/main\.ts( |$)/;

/**
 * Has a process in a session of its own carry out a command, which neither the
 * daemons nor the end of this process reach, and says where it is followed.
 * It begins when this process has ended, so that what is said here arrives.
 * @throws {NoLaunchd} and in Codex's sandbox, and when its log cannot be made
 */
export async function handOver(
  args: readonly string[],
  flags: Flags,
  { machine, terminal }: Ports,
): Promise<ExitCode> {
  if (await findLaunchctl(machine) === undefined) throw new NoLaunchd();
  if (SANDBOXED.some((name) => machine.environment[name] !== undefined)) {
    throw new Error(
      `Cannot hand over ${args[0]}: Codex's sandbox ends what it starts, and ` +
        "reaches no launchd: run it outside, with an approval or in a session " +
        "of danger-full-access",
    );
  }
  const { installation } = await readNode(flags, {
    machine,
    found: "as installed",
  });
  const logs = settingOf("BAA_LOGS_DIR", installation);
  const log = await makeLog(logs, `${args[0]}`, machine);
  const outcome = `${log}.outcome`;
  const marks: readonly string[] = Object.values(MARKS);
  const cli = fromFileUrl(new URL("./cli.ts", import.meta.url));
  new Deno.Command("/bin/sh", {
    args: [
      ...["-c", CARRY_OUT, "sh", log, outcome, `${Deno.pid}`],
      ...[Deno.execPath(), "run", "--allow-all", cli, ...args],
    ],
    clearEnv: true,
    env: {
      ...Object.fromEntries(
        Object.entries(machine.environment)
          .filter(([name]) => !marks.includes(name)),
      ),
      [HANDED_OVER]: await askerOf(machine),
    },
    detached: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn().unref();
  terminal.say(`${args[0]} goes on by itself: it was asked for by a command of
a service that it may end, this one too.
log      ${log}
outcome  ${outcome}
         (there when it has ended: its exit code, 0 when all is well)
follow   tail -f ${shellQuote(log)}`);
  return EXIT.ok;
}

/** What Codex tells a command that is in its sandbox. */
const SANDBOXED = ["CODEX_SANDBOX", "CODEX_SANDBOX_NETWORK_DISABLED"];

/** How long a log is kept. */
const KEPT_MS = 30 * 86_400_000;

/** How long it waits for the process that asked, in tenths of a second. */
const MOST_TRIES = 100;

/** The outcome is told also when the program was killed. */
const CARRY_OUT = `umask 077
log=$1 outcome=$2 asker=$3 tries=0
shift 3
trap '' HUP
while [ $tries -lt ${MOST_TRIES} ] && kill -s 0 "$asker"; do
  sleep 0.1
  tries=$((tries + 1))
done 2>/dev/null
"$@" </dev/null >>"$log" 2>&1
code=$?
echo "ended with exit code $code" >>"$log"
echo $code >"$outcome.new" && mv -f "$outcome.new" "$outcome"`;

/** Makes a file of its own for what a command says. */
const NOTHING = { mtime: null, isFile: false };

async function makeLog(
  logs: string,
  command: string,
  { clock }: Machine,
): Promise<string> {
  const stamp = isoTime(clock.now()).replaceAll(/[:.]/g, "-");
  const name = `${command}-${stamp}-${Deno.pid}.log`;
  const folder = join(logs, "runtime");
  const path = join(folder, name);
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    for await (const { name } of Deno.readDir(folder)) {
      const old = join(folder, name);
      const { mtime, isFile } = await Deno.lstat(old).catch(() => NOTHING);
      if (!isFile || clock.now() - Number(mtime) <= KEPT_MS) continue;
      // Another script may be about to do the same.
      await Deno.remove(old).catch(() => {});
    }
    await Deno.writeTextFile(path, "", { createNew: true, mode: 0o600 });
  } catch (error) {
    throw new Error(`Cannot hand over ${command}: ${systemReason(error)}`);
  }
  return path;
}

/** Waits for what others change of this user's services; the kernel ends it. */
export async function oneAtATime(
  { machine, terminal }: Ports,
): Promise<Disposable> {
  const home = machine.environment["HOME"] ?? "/";
  const file = await Deno.open(home);
  if (!await file.tryLock(true)) {
    terminal.warn("Waiting for another script that changes the services");
    await file.lock(true);
  }
  return file;
}
