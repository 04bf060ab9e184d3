import { fromFileUrl, join } from "@std/path";
import { denoDir } from "../../../shared/testing/deno_dir.ts";
import { findBaked } from "../checks/baked.ts";
import { environmentOf, parseJob, textOf } from "../node/property_list.ts";
import { bakedFlags } from "./baked_flags.ts";

const REPOSITORY = fromFileUrl(new URL("../../../", import.meta.url));

/** Leaves a child's pid and how it ended in files of a folder. */
const SUPERVISE = `cd "$1" || exit 1
folder=$2 out=$3 err=$4
shift 4
"$@" >>"$out" 2>>"$err" </dev/null &
pid=$!
echo $pid >"$folder/started.new" && mv "$folder/started.new" "$folder/started"
wait $pid
echo $? >"$folder/$pid.ended"`;

/**
 * Starts the program of a property list. A compiled program cannot run where
 * its runtime cannot be had, so its entrypoint is run from source with exactly
 * the permissions that were baked into it. Returns its pid; how it ends will
 * be in `<pid>.ended` of `folder`.
 */
export function startProcess(plist: string, folder: string): number {
  const job = parseJob(Deno.readTextFileSync(plist));
  const [program = "", ...args] = job["ProgramArguments"] as string[];
  const baked = findBaked(Deno.readFileSync(program));
  if (baked === undefined) throw new Error(`${program} is no compiled program`);
  new Deno.Command("/bin/sh", {
    args: [
      ...["-c", SUPERVISE, "sh"],
      ...[textOf(job, "WorkingDirectory") ?? "/", folder],
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
      DENO_DIR: denoDir(),
      ...environmentOf(job),
    },
    detached: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn().unref();
  return pidIn(join(folder, "started"));
}

function pidIn(file: string): number {
  while (true) {
    try {
      const pid = Number(Deno.readTextFileSync(file));
      Deno.removeSync(file);
      return pid;
    } catch { /* not yet */ }
  }
}
