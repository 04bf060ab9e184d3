import { fromFileUrl } from "@std/path";

/**
 * Starts an attacker of a kind of `attacker.ts` on the path of a victim and of
 * what takes its place; waits until it attacks. It ends with its scope.
 */
export async function startAttacker(
  kind: string,
  ...paths: readonly string[]
): Promise<AsyncDisposable> {
  const script = fromFileUrl(import.meta.resolve("./attacker.ts"));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", script, kind, ...paths],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  return {
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await child.status;
    },
  };
}
