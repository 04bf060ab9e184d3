/**
 * Stands in for `launchctl` in tests: keeps its state in a folder and starts
 * the programs of property lists as real processes.
 *
 * Usage: FAKE_LAUNCHD=<folder> deno run -A launchctl.ts <sub-command> …
 */
import {
  emptyLaunchd,
  FakeLaunchd,
  type FakeLaunchdState,
} from "./fake_launchd.ts";

const folder = Deno.env.get("FAKE_LAUNCHD");
if (folder === undefined) throw new Error("FAKE_LAUNCHD names no folder");
await main(folder);

async function main(folder: string): Promise<never> {
  const stateFile = `${folder}/state.json`;
  const state = readState(stateFile);
  const start = await starter(state);
  const launchd = new FakeLaunchd(state, {
    start: (plist) => start(plist, folder),
    stop(pid) {
      try {
        Deno.kill(pid, "SIGTERM");
      } catch { /* it has ended */ }
    },
    ended: (pid) => readNumber(`${folder}/${pid}.ended`),
  });
  const { code, stdout, stderr } = launchd.run(Deno.args);
  const { killsCallerAt } = launchd.state;
  const isLast = killsCallerAt.at(0) === Deno.args[0];
  if (isLast) killsCallerAt.shift();
  Deno.writeTextFileSync(`${stateFile}.new`, JSON.stringify(launchd.state));
  Deno.renameSync(`${stateFile}.new`, stateFile);
  if (isLast) Deno.kill(Deno.ppid, "SIGKILL");
  Deno.stdout.writeSync(new TextEncoder().encode(stdout));
  Deno.stderr.writeSync(new TextEncoder().encode(stderr));
  Deno.exit(code);
}

/** Most calls only look; those that start something load what that takes. */
async function starter(
  { jobs }: FakeLaunchdState,
): Promise<(plist: string, folder: string) => number> {
  const [command = ""] = Deno.args;
  const mayStart = ["bootstrap", "kickstart"].includes(command) ||
    Object.values(jobs).some((it) => it.state === "spawn scheduled");
  if (mayStart) return (await import("./start_process.ts")).startProcess;
  return () => {
    throw new Error(`"${command}" starts nothing`);
  };
}

function readState(file: string): FakeLaunchdState {
  try {
    return { ...emptyLaunchd(), ...JSON.parse(Deno.readTextFileSync(file)) };
  } catch {
    return emptyLaunchd();
  }
}

function readNumber(file: string): number | undefined {
  try {
    return Number(Deno.readTextFileSync(file));
  } catch {
    return undefined;
  }
}
