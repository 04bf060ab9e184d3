import { type LaunchdJob, textOf } from "../node/mod.ts";

const TOO_LONG_BYTES = 1_048_576;
const KEPT_BYTES = 65_536;

/**
 * Shortens what a job has printed to its end: launchd only ever appends, and a
 * service that cannot start says so every few seconds.
 */
export async function trimOutputs(job: LaunchdJob): Promise<void> {
  for (const key of ["StandardOutPath", "StandardErrorPath"]) {
    const path = textOf(job, key);
    if (path !== undefined) await trim(path);
  }
}

async function trim(path: string): Promise<void> {
  try {
    if ((await Deno.stat(path)).size <= TOO_LONG_BYTES) return;
    const end = (await Deno.readFile(path)).slice(-KEPT_BYTES);
    await Deno.writeFile(path, end);
  } catch {
    // What cannot be shortened is no reason not to start.
  }
}
