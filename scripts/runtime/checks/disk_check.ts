import { statfs } from "node:fs/promises";
import { dirname } from "@std/path";
import { type Finding, ok, problem } from "../node/mod.ts";

const GIB = 1024 ** 3;
const LEAST_FREE_BYTES = GIB;

/** Tells whether there is room for databases, logs and the next upgrade. */
export async function diskCheck(folder: string): Promise<Finding> {
  const free = await freeBytes(folder);
  const seen = `${(free / GIB).toFixed(1)} GiB free for ${folder}`;
  return free >= LEAST_FREE_BYTES ? ok("disk", seen) : problem(
    "disk",
    `${seen}: the database stops accepting work when it is full`,
    "free some space; BAA_RETENTION_DAYS keeps less",
  );
}

/** The folder may not have been made yet: its nearest parent is on the same disk. */
async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (dirname(folder) === folder) throw error;
    return await freeBytes(dirname(folder));
  }
}
