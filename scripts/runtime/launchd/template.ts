import { type Job, parseJob } from "../node/mod.ts";

/** Reads the keys that all jobs have in common. */
export async function readTemplate(): Promise<Job> {
  return parseJob(
    await Deno.readTextFile(new URL("./template.plist", import.meta.url)),
  );
}
