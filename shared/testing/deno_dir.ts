/** The cache of this machine, for a child whose home or environment has none. */
export function denoDir(): string {
  const { env } = Deno;
  const home = env.get("HOME") ?? "/";
  const ours = Deno.build.os === "darwin"
    ? `${home}/Library/Caches`
    : env.get("XDG_CACHE_HOME") || `${home}/.cache`;
  return env.get("DENO_DIR") || `${ours}/deno`;
}
