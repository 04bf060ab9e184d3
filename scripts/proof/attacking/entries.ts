import { join } from "@std/path";

/** All that lies in a folder, itself first; links are not followed. */
export async function* entries(
  path: string,
): AsyncGenerator<{ readonly path: string; readonly info: Deno.FileInfo }> {
  try {
    const info = await Deno.lstat(path);
    yield { path, info };
    if (!info.isDirectory) return;
  } catch (error) {
    // A daemon writes here meanwhile.
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for await (const { name } of Deno.readDir(path)) {
    yield* entries(join(path, name));
  }
}
