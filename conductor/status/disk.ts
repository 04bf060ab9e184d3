import { statfs } from "node:fs/promises";

/** Room on a disk, in bytes. */
export interface DiskSpace {
  readonly free_bytes: number;
  readonly total_bytes: number;
}

/** Reads the room where `folder` lies; null when the system does not tell. */
export async function diskSpace(folder: string): Promise<DiskSpace | null> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { free_bytes: bavail * bsize, total_bytes: blocks * bsize };
  } catch {
    return null;
  }
}
