import type { Reaper } from "../../host_ops/process/mod.ts";

/** How a program ended. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A running program that leads a process group of its own. */
export interface Child {
  readonly pid: number;
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  /** Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** Asks the whole group to end. */
  terminate(): void;
  /** Kills what is left of the group and forgets it; to be called in any case. */
  end(): Promise<void>;
}

/** What is to be run. */
export interface ChildCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Starts a program. Rejects with what `Deno.Command` throws. */
export type StartChild = (command: ChildCommand) => Promise<Child>;

/**
 * Holds the program back until the reaper knows its group: were codexd killed
 * before that, the shell would read the end of its input and run nothing.
 */
const GATE = 'IFS= read -r go || exit 125\nexec "$@"';

/**
 * Returns what starts programs through `shell`, the one program that codexd
 * may run, in groups that do not outlive codexd.
 */
export function childStarter(
  shell: string,
  reaper: Pick<Reaper, "remember" | "signal" | "end">,
): StartChild {
  return async ({ program, args, env, cwd }) => {
    const child = new Deno.Command(shell, {
      args: ["-c", GATE, shell, program, ...args],
      env: { ...env },
      clearEnv: true,
      cwd,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    const { pid } = child;
    await reaper.remember(pid);
    const writer = child.stdin.getWriter();
    // If the shell is gone already, its status tells.
    await writer.write(new Uint8Array([0x0a])).catch(() => {});
    writer.releaseLock();
    return {
      pid,
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      exited: child.status.then(({ code, signal }) => ({
        code: signal === null ? code : null,
        signal,
      })),
      terminate: () => reaper.signal(pid, "TERM"),
      end: () => reaper.end(pid),
    };
  };
}

/** Says in words how a program ended. */
export function exitReason(name: string, { code, signal }: ChildExit): string {
  return signal !== null
    ? `${name} was killed by ${signal}`
    : `${name} exited with code ${code}`;
}
