import type { Terminal } from "../node/mod.ts";

/**
 * Runs `action` to its end whatever the terminal does: a closed ssh session or
 * an impatient Ctrl-C must not leave a node without its services.
 */
export async function uninterrupted<T>(
  terminal: Terminal,
  action: () => Promise<T>,
): Promise<T> {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const wait = () =>
    terminal.warn("Finishing first: the services are being exchanged");
  for (const signal of signals) Deno.addSignalListener(signal, wait);
  try {
    return await action();
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, wait);
  }
}
