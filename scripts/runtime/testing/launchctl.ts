/**
 * Stands in for `launchctl` in tests: keeps its state in a folder and starts
 * the programs of property lists as real processes. A compiled program cannot
 * run where its runtime cannot be had, so its entrypoint is run from source
 * with exactly the permissions that were baked into it.
 *
 * Usage: FAKE_LAUNCHD=<folder> deno run -A launchctl.ts <sub-command> …
 */
import { fromFileUrl, join } from "@std/path";
import { findBaked } from "../install/baked.ts";
import { environmentOf, parseJob, textOf } from "../launchd/property_list.ts";
import { bakedFlags } from "./baked_flags.ts";
import {
  emptyLaunchd,
  FakeLaunchd,
  type FakeLaunchdState,
} from "./fake_launchd.ts";

const REPOSITORY = fromFileUrl(new URL("../../../", import.meta.url));

/** Leaves a child's pid and how it ended in files of a folder. */
const SUPERVISE = `umask 077
cd "$1" || exit 1
folder=$2 out=$3 err=$4
shift 4
"$@" >>"$out" 2>>"$err" </dev/null &
pid=$!
echo $pid >"$folder/started.new" && mv "$folder/started.new" "$folder/started"
wait $pid
echo $? >"$folder/$pid.ended"`;

const folder = Deno.env.get("FAKE_LAUNCHD");
if (folder === undefined) throw new Error("FAKE_LAUNCHD names no folder");
main(folder);

function main(folder: string): never {
  const stateFile = join(folder, "state.json");
  const launchd = new FakeLaunchd(readState(stateFile), {
    start: (plist) => startProcess(plist, folder),
    stop(pid) {
      try {
        Deno.kill(pid, "SIGTERM");
      } catch { /* it has ended */ }
    },
    ended: (pid) => readNumber(join(folder, `${pid}.ended`)),
  });
  const { code, stdout, stderr } = launchd.run(Deno.args);
  Deno.writeTextFileSync(`${stateFile}.new`, JSON.stringify(launchd.state));
  Deno.renameSync(`${stateFile}.new`, stateFile);
  Deno.stdout.writeSync(new TextEncoder().encode(stdout));
  Deno.stderr.writeSync(new TextEncoder().encode(stderr));
  Deno.exit(code);
}

function readState(file: string): FakeLaunchdState {
  try {
    return { ...emptyLaunchd(), ...JSON.parse(Deno.readTextFileSync(file)) };
  } catch {
    return emptyLaunchd();
  }
}

function startProcess(plist: string, folder: string): number {
  const job = parseJob(Deno.readTextFileSync(plist));
  const [program = "", ...args] = job["ProgramArguments"] as string[];
  const baked = findBaked(Deno.readFileSync(program));
  if (baked === undefined) throw new Error(`${program} is no compiled program`);
  const started = join(folder, "started");
  new Deno.Command("/bin/sh", {
    args: [
      ...[
        "-c",
        SUPERVISE,
        "sh",
        textOf(job, "WorkingDirectory") ?? "/",
        folder,
      ],
      textOf(job, "StandardOutPath") ?? "/dev/null",
      textOf(job, "StandardErrorPath") ?? "/dev/null",
      ...[Deno.execPath(), "run", "--quiet", "--frozen"],
      ...[`--config=${join(REPOSITORY, "deno.json")}`, ...bakedFlags(baked)],
      join(REPOSITORY, baked.entrypoint_key),
      ...args,
    ],
    clearEnv: true,
    env: {
      // What launchd gives an agent, and where the sources' packages lie.
      PATH: "/usr/bin:/bin:/usr/sbin:/sbin",
      HOME: Deno.env.get("HOME") ?? "/",
      DENO_DIR: Deno.env.get("DENO_DIR") ?? "",
      ...environmentOf(job),
    },
    detached: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn().unref();
  while (true) {
    const pid = readNumber(started);
    if (pid === undefined) continue;
    Deno.removeSync(started);
    return pid;
  }
}

function readNumber(file: string): number | undefined {
  try {
    return Number(Deno.readTextFileSync(file));
  } catch {
    return undefined;
  }
}
