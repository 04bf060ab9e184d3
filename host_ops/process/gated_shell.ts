import type { Clock } from "../../shared/clock.ts";
import { MARKS } from "../../shared/shell_variables.ts";
import { within } from "../../shared/wait.ts";
import type { ChildProcess } from "./child_process.ts";
import type { GroupWay } from "./group_way.ts";

/**
 * Says that the shell leads its group, waits for one line, and does what that
 * says. At the end of its input, which the kernel delivers however the daemon
 * dies, it does nothing. No caller's variable has such a name.
 */
const GATE = `baa_nl='
'
kill -s 0 -- "-$$" 2>/dev/null || exit 125
echo "ready $$"
IFS= read -r baa_job || exit 125
eval "$baa_job"`;

/** Becomes what makes the group. */
const BECOME = 'exec "$0" "$@"';

/** Milliseconds that a shell may take to be ready, however busy the machine is. */
const PATIENCE_MS = 10_000;

/** Milliseconds that one which will not be ready may take to end. */
const END_MS = 1_000;

/**
 * Starts a shell that leads a process group of its own and waits for a line.
 *
 * @throws {ShellNotReady} and what `Deno.Command` throws.
 */
export async function startGatedShell(
  options: GatedShellOptions,
): Promise<GatedShell> {
  const { shell, argv, way, cwd, environment, clock } = options;
  const gate = ["-c", GATE, shell, ...argv];
  const isDetached = way.prefix.length === 0;
  const child = new Deno.Command(shell, {
    args: isDetached ? gate : ["-c", BECOME, ...way.prefix, shell, ...gate],
    cwd,
    env: { ...environment, [MARKS.inside]: "1" },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    // said at all it costs a fork
    ...(isDetached && { detached: true }),
  }).spawn();
  const ready = readReady(child.stdout);
  const isInTime = await within(ready, { ms: PATIENCE_MS, clock });
  if (isInTime && await ready) return child;
  await child.stdin.abort().catch(() => {});
  if (!await within(child.status, { ms: isInTime ? END_MS : 0, clock })) {
    child.kill("SIGKILL");
  }
  const { code, signal } = await child.status;
  await ready;
  await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  throw new ShellNotReady(signal ?? `exit code ${code}`, signal !== null);
}

/** A shell has ended in place of saying that it is ready. */
export class ShellNotReady extends Error {
  constructor(how: string, readonly wasKilled: boolean) {
    super(`the shell ended before it was ready: ${how}`);
  }
}

/** Ends a shell that was told nothing: the end of its input suffices. */
export async function endGatedShell(
  shell: Omit<GatedShell, "kill" | "unref">,
): Promise<void> {
  await shell.stdin.close().catch(() => {});
  await shell.status;
  await Promise.all([shell.stdout.cancel(), shell.stderr.cancel()]);
}

/** A shell that leads a group, which has its process id, and waits for a line. */
export type GatedShell =
  & Pick<ChildProcess, "pid" | "stdin" | "stdout" | "stderr" | "status">
  & Pick<Deno.ChildProcess, "kill" | "unref">;

export interface GatedShellOptions {
  /** An absolute path: the one program that this process may start. */
  readonly shell: string;
  readonly way: GroupWay;
  /** What its line finds as `$@`. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole of it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/** Reads to the end of the line by which a shell says that it is ready. */
async function readReady(
  stdout: ReadableStream<Uint8Array>,
): Promise<boolean> {
  const reader = stdout.getReader({ mode: "byob" });
  try {
    let seen = "";
    // what a shell prints at its start may stand before it
    while (!/(^|\n)ready \d+\n$/.test(seen)) {
      const { done, value } = await reader.read(new Uint8Array(64));
      if (done) return false;
      seen = (seen + String.fromCharCode(...value)).slice(-128);
    }
    return true;
  } catch {
    return false; // a broken pipe is its end
  } finally {
    reader.releaseLock();
  }
}
