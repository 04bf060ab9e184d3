/** A shell that was spawned as the leader of a process group of its own. */
export interface Shell {
  /** Its process id, which is the id of its group as well. */
  readonly id: number;
  readonly stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  /** Never rejects. */
  readonly status: Promise<Deno.CommandStatus>;
  /** Kills the shell itself, not its group; harmless when it has ended. */
  kill(): void;
}

/** Spawns `program`, a shell, with pipes for all of its standard streams. */
export function spawnShell(
  program: string,
  options: {
    readonly args: readonly string[];
    readonly cwd: string;
    /** Its whole environment. */
    readonly env: Readonly<Record<string, string>>;
  },
): Shell {
  const child = new Deno.Command(program, {
    args: [...options.args],
    cwd: options.cwd,
    env: { ...options.env },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const stdin = child.stdin.getWriter();
  stdin.closed.catch(() => {}); // whoever writes hears of it
  return {
    id: child.pid,
    stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    status: child.status,
    kill() {
      try {
        child.kill("SIGKILL");
      } catch {
        // it has ended
      }
    },
  };
}
