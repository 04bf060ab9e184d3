import { shellQuote } from "../../../shared/shell_quote.ts";

/**
 * Runs a program without input. One that is missing ends with
 * {@linkcode NOT_FOUND}, one that takes too long with {@linkcode TIMED_OUT}.
 */
export async function runCommand(
  [program, ...args]: readonly [string, ...string[]],
  { timeoutMs, ...rest }: RunOptions = {},
): Promise<Ran> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      ...rest,
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { code: NOT_FOUND, stdout: "", stderr: `${program}: not found` };
  }
  let timedOut = false;
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const [status, stdout, stderr] = await Promise.all([
    child.status.finally(() => clearTimeout(timer)),
    child.stdout.text(),
    child.stderr.text(),
  ]);
  return timedOut
    ? { code: TIMED_OUT, stdout, stderr: `${program}: took too long` }
    : { code: status.code, stdout, stderr };
}

/** How a program ended, and what it printed. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is started. */
interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The environment is `env` alone. */
  readonly clearEnv?: boolean;
  /** After this many milliseconds it is killed. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end; a port, so that tests can stand in. */
export type RunCommand = typeof runCommand;

/** The exit code that shells give a program that is not there. */
export const NOT_FOUND = 127;

/** The exit code that is given to a program that took too long. */
const TIMED_OUT = 124;

/** Writes a command as a person would type it. */
export function formatCommand(command: readonly string[]): string {
  return command.map((word) =>
    /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : shellQuote(word)
  ).join(" ");
}
