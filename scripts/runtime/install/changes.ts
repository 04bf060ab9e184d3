import { exists } from "@std/fs";
import {
  isRunning,
  jobDifferences,
  type Jobs,
  type PlannedJob,
} from "../launchd/mod.ts";
import { parseJob } from "../node/mod.ts";
import type { Changes } from "./exchange.ts";
import type { Plan } from "./plan.ts";
import type { StagedProgram } from "./staged.ts";

/** Tells what an install has to change; a service that is as planned and runs stays. */
export async function changesOf(
  plan: Plan,
  staged: readonly StagedProgram[],
  jobs: Jobs,
): Promise<Changes> {
  const programs = staged.filter((it) => it.isNew).map((it) => it.planned);
  const changed: PlannedJob[] = [];
  for (const job of plan.jobs) {
    const found = await jobs.find(job.service);
    const [only] = found;
    const stays = found.length === 1 && only !== undefined &&
      isRunning(only) &&
      !programs.some((it) => it.program === job.service.program) &&
      await isWritten(job);
    if (!stays) changed.push(job);
  }
  return { programs, jobs: changed };
}

/** Tells whether a property list lies there as planned, in whichever session it loads. */
async function isWritten({ path, job }: PlannedJob): Promise<boolean> {
  if (!await exists(path)) return false;
  try {
    const written = parseJob(await Deno.readTextFile(path));
    return jobDifferences(written, job).length === 0;
  } catch {
    // One that cannot be read is written again.
    return false;
  }
}
