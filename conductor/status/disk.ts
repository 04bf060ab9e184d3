import { statfs } from "node:fs/promises";
import type { Status } from "./contract.ts";

/** Reads the room where `folder` lies; null when the system does not tell. */
export async function diskSpace(folder: string): Promise<Status["disk"]> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { free_bytes: bavail * bsize, total_bytes: blocks * bsize };
  } catch {
    return null;
  }
}
