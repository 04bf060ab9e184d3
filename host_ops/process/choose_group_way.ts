import { within } from "../../shared/wait.ts";
import type { Logger } from "../../shared/log.ts";
import {
  endGatedShell,
  type GatedShellOptions,
  ShellNotReady,
  startGatedShell,
} from "./gated_shell.ts";
import type { GroupWay, GroupWayName } from "./group_way.ts";

/**
 * Chooses, by trying, how a shell comes to lead a process group of its own.
 * `detached` has the runtime fork the whole daemon for each shell, which takes
 * longer than the rest of a short command and blocks the daemon meanwhile: it
 * is the last resort.
 *
 * @throws what `Deno.Command` throws when the shell cannot be started at all.
 */
export async function chooseGroupWay(
  { log, ...options }: TryOptions,
): Promise<GroupWay> {
  const programs = await findPrograms(options);
  for (const [name, args] of Object.entries(MAKERS)) {
    const program = programs.find((it) => it.endsWith(`/${name}`));
    if (program === undefined) continue;
    const way = { name: name as GroupWayName, prefix: [program, ...args] };
    if (await works(way, options)) return way;
  }
  log.warn("Each command forks the whole daemon: no program makes groups", {
    tried: Object.keys(MAKERS).join(", "),
  });
  return { name: "detached", prefix: [] };
}

/** Programs that make a group and become what their further arguments say. */
const MAKERS: Readonly<
  Record<Exclude<GroupWayName, "detached">, readonly string[]>
> = {
  setsid: [],
  perl: ["-e", "setpgrp(0, 0) and exec { $ARGV[0] } @ARGV; exit 125"],
};

/** Has the shell, which alone may be run, say where its programs are. */
async function findPrograms(
  { shell, environment, clock }: Omit<TryOptions, "log">,
): Promise<readonly string[]> {
  const looks = Object.keys(MAKERS).map((it) => `command -v ${it}`);
  const child = new Deno.Command(shell, {
    args: ["-c", `${looks.join("; ")}; :`],
    cwd: "/",
    env: environment,
    clearEnv: true,
    stdin: "null",
    stderr: "null",
    stdout: "piped",
  }).spawn();
  const output = child.output();
  if (!await within(output, { ms: FIND_MS, clock })) child.kill("SIGKILL");
  const { stdout } = await output;
  return new TextDecoder().decode(stdout).split("\n")
    .filter((it) => it.startsWith("/"));
}

/** How often a way is tried whose shell is killed. */
const MOST_TRIES = 3;

/** Milliseconds that the shell may take to look for programs. */
const FIND_MS = 10_000;

async function works(
  way: GroupWay,
  options: Omit<TryOptions, "log">,
): Promise<boolean> {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    try {
      await endGatedShell(
        await startGatedShell({ ...options, way, argv: [], cwd: "/" }),
      );
      return true;
    } catch (error) {
      // somebody may kill what is being tried
      if (!(error instanceof ShellNotReady && error.wasKilled)) return false;
    }
  }
  return false;
}

interface TryOptions
  extends Pick<GatedShellOptions, "shell" | "environment" | "clock"> {
  readonly log: Logger;
}
