import { basename } from "@std/path";
import {
  endOf,
  type ExecExit,
  execFailure,
  type ExecInput,
  type HostOps,
  KeptLost,
  type Normalised,
} from "../../../host_ops/mod.ts";
import type { AuditActor, AuditEntry } from "../../../shared/audit.ts";
import { type Clock, isoTime } from "../../../shared/clock.ts";
import { sleep } from "../../../shared/wait.ts";
import type { RunOutputs } from "../../../conductor/automation/run_outputs.ts";
import type { Random } from "./random.ts";
import type { Lane, Timeline } from "./timeline.ts";

/** How long a command takes to end that was told to. */
const KILL_MS = 400;
const LONGEST_LOOK_MS = 2000;

/**
 * The machine that the conductors run on: its commands, and the files that those
 * which outlive a conductor write. A command of a conductor's own ends with it.
 */
export class Machine {
  readonly jobs: Job[] = [];
  readonly #folders = new Map<string, Folder>();
  readonly #timeline: Timeline;
  readonly #lane: Lane;
  readonly #random: Random;

  constructor(
    timeline: Timeline,
    { lane, random }: { readonly lane: Lane; readonly random: Random },
  ) {
    this.#timeline = timeline;
    this.#lane = lane;
    this.#random = random;
  }

  /** What commands have printed, as a conductor reads it. */
  readonly outputs = {
    makeFolder: (runId: string) => void this.#folder(runId),
    folderOf: (runId: string) => `/jobs/${runId}`,
    create: () =>
      Promise.resolve({
        stdout: { write: (bytes: Uint8Array) => Promise.resolve(bytes.length) },
        stderr: { write: (bytes: Uint8Array) => Promise.resolve(bytes.length) },
        [Symbol.dispose]() {},
      }),
    read: (runId: string, { stream, offset = 0, maxBytes }: OutputPart) => {
      const job = this.#folders.get(runId)?.job;
      if (job === undefined) return Promise.resolve(undefined);
      const all = stream === "stdout" ? job.printed(this.now) : NOTHING;
      const bytes = all.slice(offset, offset + maxBytes);
      return Promise.resolve({ bytes, size: all.length });
    },
  };

  get now(): number {
    return this.#timeline.now;
  }

  /** The commands of a conductor that is gone end with it. */
  reap(owner: Owner): void {
    for (const job of this.jobs) if (job.owner === owner) job.kill(this.now);
  }

  /** What a conductor runs commands with. */
  runnerFor(owner: Owner): CommandRunner {
    return {
      captureCommand: (request, { actor, signal }, printed) =>
        owner.work(async () => {
          const { input } = request as Normalised<ExecInput>;
          const entry = await owner.begin("exec", actor);
          const job = this.#start(input, { runId: actor.run_id ?? "", owner });
          let told = 0;
          while (this.now < job.endsAt) {
            if (signal.aborted) job.kill(this.now + KILL_MS);
            const left = job.endsAt - this.now;
            const pause = signal.aborted ? left : Math.min(left, job.pauseMs);
            await sleep(
              owner.clock,
              pause,
              signal.aborted ? undefined : signal,
            );
            const all = job.printed(this.now);
            await printed.stdout?.write(all.slice(told));
            told = all.length;
          }
          const exit = exitOf(job, input, signal.aborted);
          await entry.finish({ ok: exit.ok });
          return exit;
        }),
      keepCommand: (request, { actor, signal }, watch) =>
        owner.work(async () => {
          const { input } = request as Normalised<ExecInput>;
          const { leave, onLook, isTakenUp } = watch;
          const runId = basename(watch.folder);
          const entry = await owner.begin("exec", actor);
          this.#keep(input, { runId, isTakenUp: isTakenUp === true });
          const folder = this.#folder(runId);
          let pause = 20;
          while (true) {
            const { job } = folder;
            if (signal.aborted) job?.kill(this.now + KILL_MS);
            const hasEnded = job !== undefined && this.now >= job.endsAt;
            const stdout = job?.printed(this.now).length ?? 0;
            await onLook({ stdout, stderr: 0 });
            if (hasEnded) {
              const exit = exitOf(job, input, signal.aborted);
              void entry.finish({ ok: exit.ok });
              return exit;
            }
            if (leave.aborted) return undefined;
            const woken = signal.aborted
              ? leave
              : AbortSignal.any([leave, signal]);
            await sleep(owner.clock, pause, woken);
            pause = Math.min(pause * 3, LONGEST_LOOK_MS);
          }
        }),
    };
  }

  /** Starts a command that outlives its conductor, unless it has begun. */
  #keep(
    input: ExecInput,
    { runId, isTakenUp }: {
      readonly runId: string;
      readonly isTakenUp: boolean;
    },
  ): void {
    const isThere = this.#folders.has(runId);
    if (isTakenUp && !isThere) throw new KeptLost("its files are not there");
    const folder = this.#folder(runId);
    if (folder.job !== undefined) return;
    // Who died while it told a shell to begin: that one never does.
    const gate = Symbol();
    folder.gate = gate;
    this.#lane.after(this.#random.about(20), `begins ${runId}`, () => {
      if (folder.gate !== gate) return;
      folder.job = this.#start(input, { runId, owner: undefined });
    });
  }

  #start(
    input: ExecInput,
    { runId, owner }: Pick<Job, "runId" | "owner">,
  ): Job {
    const job = new Job(input.command ?? "", {
      runId,
      owner,
      beganAt: this.now,
    });
    this.jobs.push(job);
    return job;
  }

  #folder(runId: string): Folder {
    let folder = this.#folders.get(runId);
    if (folder === undefined) {
      folder = { job: undefined, gate: undefined };
      this.#folders.set(runId, folder);
    }
    return folder;
  }
}

/** A process whose commands these are. */
interface Owner {
  readonly clock: Clock;
  begin(action: string, actor: AuditActor): Promise<AuditEntry>;
  work<T>(work: () => Promise<T>): Promise<T>;
}

/** A command line of the machine: how long it takes, what it prints, its code. */
export function commandLine(
  { ms, lines, code }: {
    readonly ms: number;
    readonly lines: number;
    readonly code: number;
  },
): string {
  return `work ${ms} ${lines} ${code}`;
}

/** A command that was begun. */
class Job {
  readonly runId: string;
  /** Whose end is its own; undefined: it outlives them. */
  readonly owner: Owner | undefined;
  readonly beganAt: number;
  readonly text: string;
  readonly code: number;
  readonly pauseMs: number;
  endsAt: number;
  wasKilled = false;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #ms: number;

  constructor(
    command: string,
    { runId, owner, beganAt }: Pick<Job, "runId" | "owner" | "beganAt">,
  ) {
    const [ms = 0, lines = 0, code = 0] = command.split(" ").slice(1)
      .map(Number);
    this.runId = runId;
    this.owner = owner;
    this.beganAt = beganAt;
    this.endsAt = beganAt + ms;
    this.pauseMs = Math.ceil(ms / 3);
    this.code = code;
    this.#ms = ms;
    this.text = Array.from(
      { length: lines },
      (_, index) => `${runId} prints line ${index + 1}: ä\n`,
    ).join("");
    this.#bytes = new TextEncoder().encode(this.text);
  }

  /** What stands in its output at a time: it prints steadily, a byte at a time. */
  printed(now: number): Uint8Array<ArrayBuffer> {
    const ms = Math.min(now, this.endsAt) - this.beganAt;
    const part = this.#ms === 0 ? 1 : Math.min(1, ms / this.#ms);
    return this.#bytes.slice(0, Math.floor(this.#bytes.length * part));
  }

  kill(at: number): void {
    if (at >= this.endsAt) return;
    this.endsAt = at;
    this.wasKilled = true;
  }
}

export type { Job };

interface Folder {
  job: Job | undefined;
  /** What the shell that is to begin looks for. */
  gate: symbol | undefined;
}

type OutputPart = Parameters<RunOutputs["read"]>[1];
type CommandRunner = Pick<HostOps, "captureCommand" | "keepCommand">;

const NOTHING = new Uint8Array(0);

function exitOf(job: Job, input: ExecInput, isAborted: boolean): ExecExit {
  const exitCode = job.wasKilled ? null : job.code;
  const signal = job.wasKilled ? "SIGTERM" : null;
  const failure = execFailure({
    exitCode,
    signal,
    ...(isAborted && job.wasKilled && { killedFor: "aborted" }),
  }, input);
  return endOf(input, {
    failure,
    result: {
      exitCode,
      signal,
      durationMs: job.endsAt - job.beganAt,
      startedAt: isoTime(job.beganAt),
      finishedAt: isoTime(job.endsAt),
      timedOut: false,
      stdoutBytes: job.printed(job.endsAt).length,
      stderrBytes: 0,
      truncated: false,
      heldOpen: false,
    },
  });
}
