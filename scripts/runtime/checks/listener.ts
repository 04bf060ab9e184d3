import type { Run } from "../node/mod.ts";

/** A process that listens on a port. */
export interface Listener {
  readonly pid: number;
  readonly command: string;
}

/**
 * Tells who listens on the port of `base`; empty when nobody does or when this
 * user may not know.
 */
export async function listenersAt(
  base: string,
  run: Run,
): Promise<readonly Listener[]> {
  const port = new URL(base).port || "80";
  const { stdout } = await run(
    ["lsof", "-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"],
    { timeoutMs: 5000 },
  );
  const listeners: Listener[] = [];
  let pid: number | undefined;
  for (const line of stdout.split("\n")) {
    if (line.startsWith("p")) pid = Number(line.slice(1));
    if (line.startsWith("c") && pid !== undefined) {
      listeners.push({ pid, command: line.slice(1) });
    }
  }
  return listeners;
}
