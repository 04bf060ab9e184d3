/** The part of jsr:@std/fs@1.0.24 that the product uses, over `Deno.*`. */

/** Makes `dir` and its missing parents; rejects when a file is in the way. */
export async function ensureDir(dir: string | URL): Promise<void> {
  try {
    if (!(await Deno.stat(dir)).isDirectory) {
      throw new Error(`Cannot ensure directory ${dir}: it is not a directory`);
    }
    return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.mkdir(dir, { recursive: true });
}

/** Tells whether `path` exists; rejects when that cannot be known. */
export async function exists(path: string | URL): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    // The real package takes it that what may not be looked at is there.
    if (error instanceof Deno.errors.PermissionDenied) return true;
    throw error;
  }
}
