/**
 * Removes the file of a socket that nobody listens on any more: a process that
 * was killed leaves one behind, and no other can listen there until it is gone.
 * @throws {Deno.errors.AddrInUse} when somebody does listen there
 */
export async function freeSocket(path: string): Promise<void> {
  let file: Deno.FileInfo;
  try {
    file = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  // A file of another kind refuses connections as well, and is not ours to remove.
  if (!file.isSocket) {
    throw new Deno.errors.AlreadyExists("a file is there that is no socket");
  }
  try {
    using _ = await Deno.connect({ transport: "unix", path });
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    return await Deno.remove(path);
  }
  throw new Deno.errors.AddrInUse();
}
