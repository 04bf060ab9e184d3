import type { Clock } from "../../shared/clock.ts";
import { sleep, within } from "../../shared/wait.ts";
import type { ChildProcess, GroupMembers } from "./child_process.ts";
import { type OutputLimit, OutputPump, type OutputSink } from "./output.ts";

/**
 * Milliseconds that background jobs may still print after their leader has
 * ended: a second, and what a busy machine takes to start one.
 */
const LAST_WORDS_MS = 1_100;

/** Milliseconds for what a slow reader has held up of an output that has ended. */
const HELD_UP_MS = 20;

/** Milliseconds between looks at whether one that has closed its output ends. */
const ENDING_MS = 15;

/** How often, in milliseconds, it is asked meanwhile whether any is left. */
const POLL_MS = 25;

/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_GRACE_MS = 500;

/** Milliseconds that the outputs may stay open after all was killed. */
const DRAIN_MS = 200;

/** Milliseconds after which a process is given up that SIGKILL does not end. */
const UNKILLABLE_MS = 1_000;

/**
 * Milliseconds of grace when the leader has ended and nobody holds its outputs:
 * what is left then are mostly the dead that init has not collected yet.
 */
const QUIET_GRACE_MS = 100;

/**
 * Sees one command through: reads its outputs, kills its group when it takes
 * too long, prints too much or is no longer wanted, and lets nothing of the
 * group live on. How the command ended is how its leader ended; what that left
 * behind may print its last words.
 */
export async function supervise(
  process: ChildProcess,
  options: SuperviseOptions,
): Promise<CommandEnd> {
  const { clock, signal, timeoutMs } = options;
  const since = clock.monotonic();
  let killedFor: KillReason | undefined;
  let killing: Promise<void> | undefined;
  let isAtEnd = false;
  let isCut = false;
  const givenUp = Promise.withResolvers<undefined>();
  let drainMs = DRAIN_MS;
  const endStrays = ({ strays }: GroupMembers) => {
    process.endStrays(strays);
    // nobody says when they are over
    if (strays.length > 0) drainMs = UNKILLABLE_MS;
  };
  const kill = (reason: KillReason) => {
    killedFor ??= reason;
    isCut ||= !isAtEnd;
    killing ??= killGroup(process, { quiet, clock })
      .then(() => process.members())
      .then(endStrays)
      .then(() => within(process.status, { ms: UNKILLABLE_MS, clock }))
      .then(() => givenUp.resolve(undefined));
  };

  const pump = (from: "stdout" | "stderr", mark?: string) => {
    const { [from]: sink, maxBytes: max } = options;
    return new OutputPump(process[from], { max, mark, sink, onDrop: kill });
  };
  const stdout = pump("stdout");
  const stderr = pump("stderr", process.mark);
  const eof = Promise.all([stdout.done, stderr.done])
    .then(() => isAtEnd = true);
  const quiet = Promise.all([process.status, eof]);
  const onAbort = () => kill("aborted");
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  const timeout = timeoutMs === 0
    ? undefined
    : clock.after(timeoutMs, () => kill("timeout"));

  const status = await Promise.race([process.status, givenUp.promise]);
  timeout?.cancel();
  signal.removeEventListener("abort", onAbort);
  const lastWords = Math.min(
    clock.monotonic() + LAST_WORDS_MS,
    timeoutMs === 0 ? Infinity : since + timeoutMs,
  );
  let isAlive = true;
  while (killing === undefined && (isAlive = await process.alive())) {
    const left = lastWords - clock.monotonic();
    if (isAtEnd || left <= 0 || signal.aborted) break;
    await within(eof, { ms: Math.min(left, POLL_MS), clock, signal });
  }
  stderr.begun.then((it) => it && options.onLastWords?.());
  let leftBehind = 0;
  if (killing === undefined) {
    const isHeld = !isAtEnd && !await within(eof, { ms: HELD_UP_MS, clock });
    if (isAlive || isHeld) {
      let members = await process.members();
      if (!isAlive && members.strays.length > 0) {
        await within(eof, { ms: lastWords - clock.monotonic(), clock, signal });
        members = await process.members();
      }
      // who has closed its output to end needs a moment more
      for (let tries = 0; isAtEnd && tries < 3; tries++) {
        if (members.count + members.strays.length === 0) break;
        await sleep(clock, ENDING_MS);
        members = await process.members();
      }
      endStrays(members);
      leftBehind = (isAlive ? members.count : 0) + members.strays.length;
      isCut ||= leftBehind > 0 && !isAtEnd;
    }
    await process.end();
  }
  await killing;

  const heldOpen = !isAtEnd && !await within(eof, { ms: drainMs, clock });
  if (heldOpen) await Promise.all([stdout.cancel(), stderr.cancel()]);
  await eof;
  return {
    status,
    neverBegan: !await stderr.begun,
    killedFor,
    leftBehind,
    stdout,
    stderr,
    isCut: isCut || heldOpen,
    heldOpen,
  };
}

/** Why a command was killed. */
type KillReason = OutputLimit | "timeout" | "aborted";

/** How a command ended. */
export interface CommandEnd {
  /** Undefined when not even SIGKILL ended it in time. */
  readonly status: Deno.CommandStatus | undefined;
  /** Whether certainly nothing of it has run. */
  readonly neverBegan: boolean;
  readonly killedFor: KillReason | undefined;
  /** How many processes its leader had left behind, which were killed. */
  readonly leftBehind: number;
  readonly stdout: OutputPump;
  readonly stderr: OutputPump;
  /** Whether who still held an output was killed, or left alone. */
  readonly isCut: boolean;
  /** Whether a process that left the group still held an output open. */
  readonly heldOpen: boolean;
}

export interface SuperviseOptions {
  /** Milliseconds until the whole group is killed; 0: never. */
  readonly timeoutMs: number;
  /** Bytes kept of each output. */
  readonly maxBytes: number;
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
  /** Kills the command when it aborts. */
  readonly signal: AbortSignal;
  /**
   * Called when the leader has ended and all last words are said, unless nothing
   * of it has run: from then on sinks must not hold back.
   */
  readonly onLastWords?: () => void;
  readonly clock: Clock;
}

/** Asks the whole group to end, and after the grace leaves it no choice. */
async function killGroup(
  process: ChildProcess,
  { quiet, clock }: {
    /** Resolves when the leader has ended and nobody holds its outputs. */
    readonly quiet: Promise<unknown>;
    readonly clock: Clock;
  },
): Promise<void> {
  let until = clock.monotonic() + KILL_GRACE_MS;
  quiet.then(() => {
    until = Math.min(until, clock.monotonic() + QUIET_GRACE_MS);
  });
  process.terminate();
  let pause = 2;
  while (await process.alive()) {
    const left = until - clock.monotonic();
    if (left <= 0) break;
    await sleep(clock, Math.min(pause, left));
    pause = Math.min(pause * 2, 50);
  }
  await process.end();
}
