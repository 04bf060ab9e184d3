import { dirname, fromFileUrl, join } from "@std/path";
import { type Clock, systemClock } from "../../../shared/clock.ts";
import { type RunCommand, runCommand } from "./command.ts";
import type { Variables } from "./node_settings.ts";

/** Everything that a command takes from the machine it runs on. */
export interface Machine {
  readonly os: typeof Deno.build.os;
  readonly uid: number;
  /** The folder of the sources. */
  readonly repository: string;
  readonly environment: Variables;
  /** IP addresses of the network interfaces. */
  readonly addresses: readonly string[];
  readonly run: RunCommand;
  readonly clock: Clock;
}

/** The variable that tells a script that it was handed over, and by whom. */
export const HANDED_OVER = "BAA_HANDED_OVER";

/** The machine that this process runs on. */
export function systemMachine(): Machine {
  return {
    os: Deno.build.os,
    uid: Deno.uid() ?? 0,
    repository: dirname(fromFileUrl(new URL("../../", import.meta.url))),
    environment: Deno.env.toObject(),
    // Not everybody needs them, and a sandbox may not let one ask.
    get addresses() {
      return Deno.networkInterfaces().map((it) => it.address);
    },
    run: runCommand,
    clock: systemClock,
  };
}

/** Returns the program that a shell would find; undefined: none. */
export async function findProgram(
  name: string,
  path: string,
): Promise<string | undefined> {
  for (const folder of path.split(":").filter((it) => it.startsWith("/"))) {
    const file = join(folder, name);
    try {
      const { isFile, mode } = await Deno.stat(file);
      if (isFile && ((mode ?? 0) & 0o111) !== 0) return file;
    } catch {
      // Not here: a PATH names folders that do not exist.
    }
  }
  return undefined;
}

/** Returns `launchctl`; undefined on a machine without launchd. */
export function findLaunchctl(machine: Machine): Promise<string | undefined> {
  const path = machine.environment["PATH"] ?? "";
  // launchd's own program is always there, however short the PATH is.
  return findProgram(
    "launchctl",
    machine.os === "darwin" ? `${path}:/bin` : path,
  );
}
