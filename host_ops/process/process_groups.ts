import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import { within } from "../../shared/wait.ts";
import type { ChildProcess, Job } from "./child_process.ts";
import { Reaper } from "./reaper.ts";
import { jobScript, WarmShells } from "./warm_shells.ts";

const encoder = new TextEncoder();

/**
 * Holds a new leader until the reaper knows its group: were the daemon killed
 * before that, the leader would read the end of its input and do nothing.
 */
const GATE = 'IFS= read -r go || exit 125\nexec "$@"';
const GATE_WITHOUT_STDIN = `${GATE} </dev/null`;

/** Milliseconds that an unread standard input may hold up the end. */
const UNREAD_STDIN_MS = 100;

/** Starts programs in process groups that cannot outlive the daemon. */
export class ProcessGroups {
  readonly #options: ProcessGroupsOptions;
  readonly #reaper: Reaper;
  readonly #warm: WarmShells;

  constructor(options: ProcessGroupsOptions) {
    this.#options = options;
    this.#reaper = new Reaper(options);
    this.#warm = new WarmShells({
      size: options.warmShells ?? 2,
      clock: options.clock,
      log: options.log,
      spawn: () => this.#spawn(["-s"], "/"),
      discard: (shell) => this.#discard(shell),
    });
  }

  /** The process id of the reaper, when there is one. */
  get reaperId(): number | undefined {
    return this.#reaper.id;
  }

  /**
   * Starts a program through a shell that waits already, when there is one: see
   * its `mark`.
   *
   * @throws what `Deno.Command` throws, and when there can be no reaper.
   */
  async start(job: Job): Promise<ChildProcess> {
    const script = jobScript(job);
    const waiting = script && this.#warm.take();
    if (!script || !waiting) return await this.startFresh(job);
    const writer = waiting.stdin.getWriter();
    writer.write(encoder.encode(script.text))
      .then(() => writer.close())
      .catch(() => {}); // it is gone: its mark does not come
    const { mark } = script;
    return { ...waiting, mark, end: () => this.#endOf(waiting) };
  }

  /** Starts a program in a shell of its own, so that what is wrong is thrown. */
  async startFresh(job: Job): Promise<ChildProcess> {
    const gate = job.stdin === undefined ? GATE_WITHOUT_STDIN : GATE;
    const child = await this.#spawnGated(gate, job);
    const writer = child.stdin.getWriter();
    const feeding = writer.write(encoder.encode(`\n${job.stdin ?? ""}`))
      .then(() => writer.close())
      .catch(() => {}); // it did not want all of it
    return {
      ...child,
      end: async () => {
        await this.#endOf(child);
        // whoever left the group may hold the pipe open and never read it
        const { clock } = this.#options;
        if (!await within(feeding, { ms: UNREAD_STDIN_MS, clock })) {
          writer.abort().catch(() => {});
        }
        await feeding;
      },
    };
  }

  /** As `startFresh`, for a program that is spoken to: its input stays open. */
  async startPiped(job: Omit<Job, "stdin">): Promise<ChildProcess> {
    const child = await this.#spawnGated(GATE, job);
    const writer = child.stdin.getWriter();
    // if the shell is gone already, its status tells
    await writer.write(encoder.encode("\n")).catch(() => {});
    writer.releaseLock();
    return child;
  }

  /** Starts shells that wait, so that the first command need not. Never rejects. */
  async prepare(): Promise<void> {
    await this.#warm.prepare();
  }

  /** Kills what still runs. */
  async close(): Promise<void> {
    await this.#warm.close();
    await this.#reaper.close();
  }

  #spawnGated(gate: string, job: Job): Promise<ChildProcess> {
    const args = ["-c", gate, this.#options.shell, ...job.argv];
    return this.#spawn(args, job.cwd, job.env);
  }

  async #spawn(
    args: readonly string[],
    cwd: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<ChildProcess> {
    const leader = new Deno.Command(this.#options.shell, {
      args: [...args],
      cwd,
      env: { ...this.#options.environment, ...env },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    const { pid, stdin, stdout, stderr, status } = leader;
    const child: ChildProcess = {
      pid,
      stdin,
      stdout,
      stderr,
      status,
      terminate: () => this.#reaper.terminate(pid),
      alive: () => this.#reaper.probe(pid),
      end: async () => {
        await this.#reaper.end(pid);
        try {
          leader.kill("SIGKILL"); // should there be no reaper just now
        } catch {
          // it has ended
        }
      },
    };
    try {
      await this.#reaper.remember(pid);
      return child;
    } catch (error) {
      await this.#discard(child);
      throw error;
    }
  }

  /** Ends a shell that was given nothing to do: the end of its input suffices. */
  async #discard(shell: ChildProcess): Promise<void> {
    await shell.stdin.close().catch(() => {});
    await shell.status;
    await Promise.all([shell.stdout.cancel(), shell.stderr.cancel()]);
    await this.#reaper.end(shell.pid);
  }

  async #endOf(child: ChildProcess): Promise<void> {
    await child.end();
    this.#warm.refillSoon();
  }
}

export interface ProcessGroupsOptions {
  /** The one program that is ever spawned, an absolute path. */
  readonly shell: string;
  /** The environment of every child. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** See {@linkcode Reaper}. */
  readonly cleanup?: string;
  /** How many shells wait for the next command. Default 2. */
  readonly warmShells?: number;
}
