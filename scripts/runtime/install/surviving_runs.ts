import { join } from "@std/path";
import { KeptGroup } from "../../../host_ops/mod.ts";
import { ProcessGroups } from "../../../host_ops/process/mod.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Logger } from "../../../shared/log.ts";
import { sleep } from "../../../shared/wait.ts";
import type { Terminal } from "../node/mod.ts";

const LOOK_MS = 50;
/** More than a command takes that SIGTERM does not end. */
const PATIENCE_MS = 10_000;

/**
 * Ends the commands in `state/jobs` that outlived conductor, but those that
 * `isKept` names; who they are is told by what their keepers wrote, so that a
 * process id that is another's by now is let alone. Returns their runs.
 */
export async function endSurvivingRuns(
  stateDir: string,
  { clock, terminal, isKept = () => false }: EndOptions,
): Promise<readonly string[]> {
  const { warn } = terminal;
  const log: Logger = {
    debug() {},
    info() {},
    warn,
    error: warn,
    child: () => log,
  };
  const processes = new ProcessGroups({
    shell: "/bin/sh",
    environment: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" },
    clock,
    log,
  });
  const ended: string[] = [];
  for (const id of await keptRuns(stateDir)) {
    const folder = join(stateDir, "jobs", id);
    const names = await namesIn(folder);
    const isOver = names.some((it) => it.startsWith("ended-"));
    if (!names.includes("begun") || isOver || isKept(id)) continue;
    const group = new KeptGroup(folder, {
      processes,
      clock,
      keeperId: () => undefined,
    });
    const until = clock.monotonic() + PATIENCE_MS;
    const isThere = await group.isKept();
    while (await group.isKept() && clock.monotonic() < until) {
      await group.go();
      await sleep(clock, LOOK_MS);
    }
    // Its keeper may be gone without it.
    if (await group.kill() || isThere) ended.push(id);
  }
  return ended;
}

/** The runs whose commands are kept apart from conductor, ended ones too. */
export function keptRuns(stateDir: string): Promise<readonly string[]> {
  return namesIn(join(stateDir, "jobs"));
}

interface EndOptions {
  readonly clock: Clock;
  readonly terminal: Terminal;
  /** Whether a run goes on: somebody looks after it. */
  readonly isKept?: (runId: string) => boolean;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
