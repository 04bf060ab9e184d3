import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { Job } from "./job.ts";
import { Reaper } from "./reaper.ts";
import { type Shell, spawnShell } from "./shell.ts";
import { jobScript, WarmShells } from "./warm_shells.ts";

/** A program that runs as the leader of a process group of its own. */
export interface Process {
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  /** How the leader ended. Never rejects. */
  readonly status: Promise<Deno.CommandStatus>;
  /**
   * Tells of a program that seems to have failed whether it was never begun, so
   * that it can be started afresh: the waiting shell had been killed, or it
   * could not enter the working folder.
   */
  neverBegan?(end: {
    readonly status: Deno.CommandStatus;
    readonly stderr: string;
  }): Promise<boolean>;
  /** Asks every process of the group to end. */
  terminate(): void;
  /** Tells whether any process of the group is left. */
  alive(): Promise<boolean>;
  /** Kills what is left of the group and forgets it; to be called in any case. */
  end(): Promise<void>;
}

/** Options of {@linkcode ProcessGroups}. */
export interface ProcessGroupsOptions {
  /** The one program that is ever spawned, an absolute path. */
  readonly shell: string;
  /** The whole environment of a child. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** How many shells wait for the next command. Default 2. */
  readonly warm?: number;
}

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
      size: options.warm ?? 2,
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
   * Starts a program through a shell that waits already, when there is one.
   *
   * @throws what `Deno.Command` throws, and when there can be no reaper.
   */
  async start(job: Job): Promise<Process> {
    const script = jobScript(job);
    const waiting = script === undefined ? undefined : this.#warm.take();
    if (waiting === undefined || script === undefined) {
      return await this.startFresh(job);
    }
    const begun = waiting.stdin.write(encoder.encode(script.text))
      .then(() => true, () => false);
    begun.then(() => waiting.stdin.close()).catch(() => {});
    return this.#processOf(waiting, {
      neverBegan: async ({ status, stderr }) =>
        !await begun || (status.code === 125 && stderr === script.refusal),
    });
  }

  /** Starts a program in a shell of its own, so that what is wrong is thrown. */
  async startFresh(job: Job): Promise<Process> {
    const gate = job.stdin === undefined ? GATE_WITHOUT_STDIN : GATE;
    const args = ["-c", gate, this.#options.shell, ...job.argv];
    const shell = await this.#spawn(args, job.cwd, job.env);
    const feeding = shell.stdin.write(encoder.encode(`\n${job.stdin ?? ""}`))
      .then(() => shell.stdin.close())
      .catch(() => {}); // it did not want all of it
    return this.#processOf(shell, { feeding });
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

  async #spawn(
    args: readonly string[],
    cwd: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<Shell> {
    const shell = spawnShell(this.#options.shell, {
      args,
      cwd,
      env: { ...this.#options.environment, ...env },
    });
    try {
      await this.#reaper.remember(shell.id);
      return shell;
    } catch (error) {
      await this.#discard(shell);
      throw error;
    }
  }

  /** Ends a shell that was given nothing to do: the end of its input suffices. */
  async #discard(shell: Shell): Promise<void> {
    await shell.stdin.close().catch(() => {});
    await shell.status;
    await Promise.all([shell.stdout.cancel(), shell.stderr.cancel()]);
    await this.#reaper.end(shell.id);
  }

  #processOf(
    shell: Shell,
    extra: Pick<Process, "neverBegan"> & {
      readonly feeding?: Promise<void>;
    },
  ): Process {
    const { feeding, ...rest } = extra;
    const { clock } = this.#options;
    return {
      stdout: shell.stdout,
      stderr: shell.stderr,
      status: shell.status,
      ...rest,
      terminate: () => this.#reaper.signal(shell.id, "TERM"),
      alive: () => this.#reaper.probe(shell.id),
      end: async () => {
        await this.#reaper.end(shell.id);
        shell.kill(); // should there be no reaper just now
        this.#warm.refillSoon();
        if (feeding === undefined) return;
        // whoever left the group may hold the pipe open and never read it
        const timer = clock.after(
          UNREAD_STDIN_MS,
          () => void shell.stdin.abort().catch(() => {}),
        );
        await feeding;
        timer.cancel();
      },
    };
  }
}
