import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import { within } from "../../shared/wait.ts";
import type { ChildProcess, Job } from "./child_process.ts";
import {
  endGatedShell,
  type GatedShell,
  type GatedShellOptions,
  ShellNotReady,
  startGatedShell,
} from "./gated_shell.ts";
import { chooseGroupWay } from "./choose_group_way.ts";
import { membersOf } from "./group_members.ts";
import type { GroupWay, GroupWayName } from "./group_way.ts";
import { freshJobLine, type JobLine, waitingJobLine } from "./job_line.ts";
import {
  keptLine,
  type KeptPlace,
  reachArgs,
  reachChildrenArgs,
  type ReachSignal,
} from "./kept_line.ts";
import { Reaper } from "./reaper.ts";
import { WarmShells } from "./warm_shells.ts";

const encoder = new TextEncoder();

/** Milliseconds that an unread standard input may hold up the end. */
const UNREAD_STDIN_MS = 100;

/** How many shells may end, under one start, before they are ready. */
const MOST_TRIES = 3;

/** Starts programs in process groups that cannot outlive the daemon. */
export class ProcessGroups {
  readonly #options: ProcessGroupsOptions;
  readonly #reaper: Reaper;
  readonly #warm: WarmShells;
  #way: Promise<GroupWay> | undefined;

  constructor(options: ProcessGroupsOptions) {
    const { warmShells: fewest = 2, clock, log } = options;
    this.#options = options;
    this.#reaper = new Reaper(options);
    this.#warm = new WarmShells({
      fewest,
      most: fewest * 8,
      clock,
      log,
      spawn: () => this.#spawn({ argv: [], cwd: "/" }),
      discard: (shell) => this.#discard(shell),
    });
  }

  /** The process id of the reaper, when there is one. */
  get reaperId(): number | undefined {
    return this.#reaper.id;
  }

  /** How many shells wait for a command. */
  get waitingShells(): number {
    return this.#warm.waiting;
  }

  /** How groups are made here; null while no shell can be started. Never rejects. */
  async groupWay(): Promise<GroupWayName | null> {
    try {
      return (await this.#chosenWay()).name;
    } catch {
      return null;
    }
  }

  /**
   * Starts a program through a shell that waits already, when there is one: see
   * its `mark`.
   *
   * @throws what `Deno.Command` throws, and when there can be no reaper.
   */
  async start(job: Job): Promise<ChildProcess> {
    const line = waitingJobLine(job);
    const waiting = line && this.#warm.take();
    if (!line || !waiting) return await this.startFresh(job);
    return this.#handOver(waiting, { ...job, line });
  }

  /** Starts a program in a shell of its own, so that what is wrong is thrown. */
  async startFresh(job: Job): Promise<ChildProcess> {
    const { given, ...line } = freshJobLine(job);
    const shell = await this.#spawn({ ...job, env: given });
    return this.#handOver(shell, { ...job, line });
  }

  /** As `startFresh`, for a program that is spoken to: its input stays open. */
  async startPiped(job: Omit<Job, "stdin">): Promise<ChildProcess> {
    const shell = await this.#spawn(job);
    const writer = shell.stdin.getWriter();
    // if the shell is gone already, its status tells
    await writer.write(encoder.encode('exec "$@"\n')).catch(() => {});
    writer.releaseLock();
    return shell;
  }

  /**
   * Starts a program that outlives the daemon: its output, and how it ended, go
   * to files; see {@linkcode keptLine}. `ended` resolves with the shell that
   * keeps it, which may end without the program ever having begun.
   *
   * @throws what `Deno.Command` throws, and where no program makes groups.
   */
  async startKept(
    { place, ...job }: Omit<Job, "stdin"> & { readonly place: KeptPlace },
  ): Promise<{ readonly pid: number; readonly ended: Promise<unknown> }> {
    const { shell, clock, environment } = this.#options;
    const { prefix } = await this.#chosenWay();
    if (prefix.length === 0) {
      throw new Error("no program here makes a group that outlives the daemon");
    }
    const { text, given } = keptLine({ prefix, shell, place, ...job });
    const keeper = await this.#startShell({
      shell,
      argv: job.argv,
      cwd: job.cwd,
      environment: { ...environment, ...given },
      clock,
    });
    keeper.unref();
    const writer = keeper.stdin.getWriter();
    await writer.write(encoder.encode(text))
      .then(() => writer.close())
      .catch(() => {}); // it is gone: its end tells
    await Promise.all([keeper.stdout.cancel(), keeper.stderr.cancel()]);
    return { pid: keeper.pid, ended: keeper.status };
  }

  /**
   * Signals a kept command by what its file says of who it is; `0` tells
   * whether it is still there.
   */
  async reachKept(who: string, signal: ReachSignal): Promise<boolean> {
    return await this.#succeeds(reachArgs(who, signal));
  }

  /** Signals the groups that children of a process lead; tells whether there are. */
  async reachChildren(pid: number, signal: ReachSignal): Promise<boolean> {
    return await this.#succeeds(reachChildrenArgs(pid, signal));
  }

  async #succeeds(args: readonly string[]): Promise<boolean> {
    const { shell, environment } = this.#options;
    const { success } = await new Deno.Command(shell, {
      args: [...args],
      cwd: "/",
      env: environment,
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
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

  #chosenWay(): Promise<GroupWay> {
    return this.#way ??= chooseGroupWay(this.#options).catch((error) => {
      this.#way = undefined;
      throw error;
    });
  }

  /** Starts a shell that waits for its line, in a group that the reaper knows. */
  async #spawn({ argv, cwd, env }: Omit<Job, "stdin">): Promise<ChildProcess> {
    const { shell, clock, environment } = this.#options;
    const leader = await this.#startShell({
      shell,
      argv,
      cwd,
      environment: { ...environment, ...env },
      clock,
    });
    const child = this.#inGroup(leader);
    try {
      await this.#reaper.remember(child.pid);
      return child;
    } catch (error) {
      await this.#discard(child);
      throw error;
    }
  }

  async #startShell(
    options: Omit<GatedShellOptions, "way">,
  ): Promise<GatedShell> {
    for (let tries = 1;; tries++) {
      const way = await this.#chosenWay();
      try {
        return await startGatedShell({ ...options, way });
      } catch (error) {
        if (!(error instanceof ShellNotReady) || tries === MOST_TRIES) {
          throw error;
        }
        // what makes the group may be gone meanwhile
        if (!error.wasKilled) this.#way = undefined;
      }
    }
  }

  #inGroup(leader: GatedShell): ChildProcess {
    const { pid, stdin, stdout, stderr, status } = leader;
    let hasEnded = false;
    status.then(() => hasEnded = true);
    return {
      pid,
      stdin,
      stdout,
      stderr,
      status,
      terminate: () => this.#reaper.terminate(pid),
      alive: () => this.#reaper.probe(pid),
      members: () => membersOf(pid, this.#options),
      endStrays: (ids) => this.#reaper.kill(ids),
      end: async () => {
        await this.#reaper.end(pid);
        if (hasEnded) return;
        try {
          leader.kill("SIGKILL"); // should there be no reaper just now
        } catch {
          // it has ended
        }
      },
    };
  }

  /** Tells a shell what to become, and feeds that its standard input. */
  #handOver(
    shell: ChildProcess,
    { line, stdin }: Pick<Job, "stdin"> & { readonly line: JobLine },
  ): ChildProcess {
    const writer = shell.stdin.getWriter();
    const feeding = writer.write(encoder.encode(line.text + (stdin ?? "")))
      .then(() => {
        this.#warm.refillBeside();
        return writer.close();
      })
      .catch(() => {}); // it is gone, or did not want all of it
    return {
      ...shell,
      mark: line.mark,
      end: async () => {
        await shell.end();
        this.#warm.calmLater();
        if (stdin === undefined) return;
        // whoever left the group may hold the pipe open and never read it
        const { clock } = this.#options;
        if (!await within(feeding, { ms: UNREAD_STDIN_MS, clock })) {
          writer.abort().catch(() => {});
        }
        await feeding;
      },
    };
  }

  /** Ends a shell that was given nothing to do. */
  async #discard(shell: ChildProcess): Promise<void> {
    await endGatedShell(shell);
    await this.#reaper.end(shell.pid);
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
  /** How many shells wait for the next command, while some come. Default 2. */
  readonly warmShells?: number;
}
