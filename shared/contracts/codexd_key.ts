import { join } from "@std/path";

/**
 * Where codexd keeps the key by which it knows conductor on its Unix socket:
 * the owner's alone, and good for nothing else.
 */
export function codexdKeyPath(stateDir: string): string {
  return join(stateDir, "codexd", "key");
}
