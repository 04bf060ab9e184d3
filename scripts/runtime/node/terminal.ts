/** Where a command writes for people. */
export interface Terminal {
  /** What was asked for: stdout. */
  say(line: string): void;
  /** What went wrong or should be known: stderr. */
  warn(line: string): void;
  /** Asks yes or no; undefined where nobody can answer. */
  confirm(question: string): boolean | undefined;
}

/** The terminal that started this process. */
export const systemTerminal: Terminal = {
  // deno-lint-ignore no-console -- a script talks to a terminal
  say: (line) => console.log(line),
  // deno-lint-ignore no-console -- as above
  warn: (line) => console.error(line),
  confirm: (question) =>
    Deno.stdin.isTerminal() ? globalThis.confirm(question) : undefined,
};

/** How a command ends. */
export const EXIT = {
  ok: 0,
  /** Something is not as it should be; what was printed says what. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** This machine has no launchd. */
  noLaunchd: 69,
} as const;
export type ExitCode = typeof EXIT[keyof typeof EXIT];

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
