import { ListenError } from "./listen_error.ts";

/**
 * Removes the file of a socket that nobody listens on any more: a process that
 * was killed leaves one behind, and no other can listen there until it is gone.
 * @throws {ListenError} when somebody does listen there
 */
export async function freeSocket(path: string): Promise<void> {
  try {
    const { isSocket } = await Deno.lstat(path);
    // A file of another kind refuses connections as well, and is not ours to remove.
    if (!isSocket) throw new Error("a file is there that is no socket");
    using _ = await Deno.connect({ transport: "unix", path });
    throw new Deno.errors.AddrInUse();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (error instanceof Deno.errors.ConnectionRefused) {
      return await Deno.remove(path);
    }
    throw new ListenError({ path }, error);
  }
}
