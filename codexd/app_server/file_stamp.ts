/** Tells one file from another in its place; null: there is none. */
export async function fileStamp(path: string): Promise<string | null> {
  try {
    const { dev, ino, size, mtime } = await Deno.stat(path);
    return [dev, ino, size, mtime?.getTime()].join(":");
  } catch {
    return null;
  }
}
