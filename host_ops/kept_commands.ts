import { join } from "@std/path";
import { type Clock, isoTime } from "../shared/clock.ts";
import { sleep } from "../shared/wait.ts";
import { failedStart, jobOf } from "./exec.ts";
import { endOf, execFailure } from "./exec_failure.ts";
import { HostOpFailure } from "./failure.ts";
import { KeptGroup } from "./kept_group.ts";
import type { ProcessGroups } from "./process/mod.ts";
import type { ExecExit, ExecFacts, ExecInput } from "./results.ts";

/** How often it is looked at a command, at first and at last. */
const FIRST_LOOK_MS = 10;
const LOOK_MS = 500;
/** How often it is asked whether what others started is still there. */
const PROBE_MS = 2_000;
/** How often it is tried to see how a command ended, each LOOK_MS. */
const MOST_TRIES = 20;

const FILES_GONE = "its files were removed while it ran";

/**
 * Commands that outlive the daemon: each is kept by a shell of its own, which
 * writes what it prints and how it ends to a folder, and whoever comes later
 * goes on from there.
 */
export class KeptCommands {
  readonly #options: KeptOptions;

  constructor(options: KeptOptions) {
    this.#options = options;
  }

  /** Tells whether the command of a folder has been started. */
  async hasBegun({ folder, leave }: StartedKept): Promise<boolean> {
    return (await this.#look(folder, leave)).hasBegun;
  }

  /** Looks at a folder, again while what is wrong may pass. */
  async #look(folder: string, leave: AbortSignal) {
    for (let tries = 0;; tries++) {
      try {
        return await look(folder);
      } catch (error) {
        const isLasting = error instanceof Deno.errors.PermissionDenied ||
          error instanceof Deno.errors.NotADirectory;
        if (isLasting || leave.aborted || tries === MOST_TRIES) throw error;
        await sleep(this.#options.clock, LOOK_MS, leave);
      }
    }
  }

  /**
   * Starts a command, unless it was started before, and watches it to its end.
   * Undefined when `leave` aborts sooner: then it goes on.
   *
   * @throws {KeptLost} when nobody can know any more how it ended.
   */
  async run(input: ExecInput, watch: KeptWatch): Promise<ExecExit | undefined> {
    const { folder } = watch;
    let keeper: Keeper | undefined;
    if (!await this.#hasBegunForSure(watch)) {
      if (watch.isTakenUp && await isMissing(Deno.stat(folder))) {
        throw lost("its files were removed while nobody watched it");
      }
      try {
        keeper = await this.#start(input, folder);
      } catch (error) {
        await this.#hasBegunForSure(watch);
        return await failedStart(error, input);
      }
    }
    return await this.#watchOn(input, watch, keeper);
  }

  /** Watches a command to its end, whatever comes between. */
  async #watchOn(
    input: ExecInput,
    watch: KeptWatch,
    keeper: Keeper | undefined,
  ): Promise<ExecExit | undefined> {
    const { folder, signal, leave } = watch;
    let isGone = false;
    keeper?.ended.then(() => isGone = true);
    const keeperId = () => isGone ? undefined : keeper?.pid;
    const group = new KeptGroup(folder, { ...this.#options, keeperId });
    let tries = 0;
    while (true) {
      try {
        return await this.#watch(input, { ...watch, group }, keeper?.ended);
      } catch (error) {
        if (error instanceof KeptLost) throw error;
        if (leave.aborted) return undefined;
        try {
          if (await isMissing(sizesOf(folder))) {
            throw await this.#lost(group, FILES_GONE);
          }
          // Too many open files, a disk that fails: nothing that runs is let go.
          const isKept = keeper ? !isGone : await group.isKept();
          if (isKept && signal.aborted) await group.go();
          if (!isKept && ++tries > MOST_TRIES) throw await this.#lost(group);
        } catch (error) {
          if (error instanceof KeptLost) throw error;
        }
        await sleep(this.#options.clock, LOOK_MS, leave);
      }
    }
  }

  /** Takes away the gates of starts that were cut off: those never begin. */
  async #hasBegunForSure({ folder, leave }: StartedKept): Promise<boolean> {
    const { hasBegun, gates } = await this.#look(folder, leave);
    if (hasBegun || gates.length === 0) return hasBegun;
    for (const gate of gates) await removeIfThere(join(folder, gate));
    const late = await this.#look(folder, leave);
    // What it was to read may be secret.
    if (!late.hasBegun) await removeIfThere(join(folder, "stdin"));
    return late.hasBegun;
  }

  async #start(input: ExecInput, folder: string) {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const id = crypto.randomUUID();
    const write = (name: string, text = "") =>
      Deno.writeTextFile(join(folder, name), text, {
        append: true,
        mode: 0o600,
      });
    await Promise.all([write("stdout"), write("stderr")]);
    if (input.stdin !== undefined) await write("stdin", input.stdin);
    const { stdin: _, ...job } = jobOf(input, this.#options.shell);
    await write(`gate-${id}`, id);
    return await this.#options.processes.startKept({
      ...job,
      place: { folder, id },
    });
  }

  async #watch(
    input: ExecInput,
    { folder, signal, leave, maxBytes, onLook, group: killer }: GroupWatch,
    keeper: Promise<unknown> | undefined,
  ): Promise<ExecExit | undefined> {
    const { clock } = this.#options;
    const change = new AbortController();
    const woken = AbortSignal.any([change.signal, leave]);
    let isGone = false;
    keeper?.then(() => {
      isGone = true;
      change.abort();
    });
    let probeAt = keeper === undefined ? clock.monotonic() : Infinity;
    let pause = FIRST_LOOK_MS;
    let isOver = false;
    while (true) {
      await killer.know();
      const wasGone = isGone;
      // While the shell is there that this process has started, it has no end.
      const { end } = keeper !== undefined && !isGone
        ? { end: undefined }
        : await look(folder);
      const sizes = await sizesOf(folder);
      isOver ||= Math.max(sizes.stdout, sizes.stderr) > maxBytes;
      if (end === undefined && (isOver || signal.aborted)) await killer.go();
      const isNew = await onLook(sizes);
      if (end !== undefined) {
        const facts = await factsOf(folder, { end, sizes });
        const isTooMuch = facts.signal !== null &&
          Math.max(sizes.stdout, sizes.stderr) > maxBytes;
        const failure = isTooMuch
          ? new HostOpFailure(
            "EXEC_OUTPUT_LIMIT",
            `Command output exceeded ${maxBytes} bytes.`,
            { hint: WRITE_IT },
          )
          : execFailure(facts, input);
        // Nobody knows whether what was killed had more to say.
        const truncated = killer.isAtWork || end.leftBehind > 0;
        return endOf(input, { failure, result: { ...facts, truncated } });
      }
      if (leave.aborted) return undefined;
      if (wasGone) throw await this.#lost(killer);
      if (clock.monotonic() >= probeAt) {
        probeAt = clock.monotonic() + PROBE_MS;
        isGone = !await killer.isKept();
        if (isGone) continue;
      }
      pause = isNew || killer.isAtWork
        ? FIRST_LOOK_MS
        : Math.min(pause * 2, LOOK_MS);
      await sleep(
        clock,
        pause,
        signal.aborted ? woken : AbortSignal.any([woken, signal]),
      );
    }
  }

  async #lost(
    group: KeptGroup,
    why = "the shell that kept it is gone, by a reboot or a kill",
  ): Promise<KeptLost> {
    await removeIfThere(join(group.folder, "stdin")).catch(() => {});
    const hasKilled = await group.kill();
    return lost(why + (hasKilled ? "; what was left is killed" : ""));
  }
}

/** Nobody can know how a command ended. */
export class KeptLost extends Error {
  override readonly name = "KeptLost";
}

function lost(why: string): KeptLost {
  return new KeptLost(`Cannot tell how the command ended: ${why}`);
}

const WRITE_IT =
  "Give the task a larger max_output_bytes, or redirect the output to a file and read parts of that by POST /v1/files/read.";

/** How a kept command is watched. */
export interface KeptWatch {
  /** Where its files are, absolute; made when it starts. */
  readonly folder: string;
  /**
   * Whether somebody was to start it before, who made the folder first: without
   * one nobody knows whether it has begun.
   */
  readonly isTakenUp?: boolean;
  /** Kills the command when it aborts. */
  readonly signal: AbortSignal;
  /** Ends the watching; the command goes on. */
  readonly leave: AbortSignal;
  /** Bytes that each output may have: looked at now and then. */
  readonly maxBytes: number;
  /** Called at each look; tells whether there was something new. */
  readonly onLook: (sizes: OutputSizes) => Promise<boolean>;
}

type StartedKept = Pick<KeptWatch, "folder" | "leave">;

interface GroupWatch extends KeptWatch {
  readonly group: KeptGroup;
}

type Keeper = Awaited<ReturnType<ProcessGroups["startKept"]>>;

interface OutputSizes {
  readonly stdout: number;
  readonly stderr: number;
}

interface KeptOptions {
  readonly processes: Pick<
    ProcessGroups,
    "startKept" | "reachKept" | "reachChildren"
  >;
  readonly shell: string;
  readonly clock: Clock;
}

/** What the names of files tell of a command. */
async function look(folder: string) {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const end = names.map((it) => /^ended-(\d+)-(\w+)-(\d+)$/.exec(it))
    .find((it) => it !== null);
  return {
    hasBegun: names.includes("begun"),
    gates: names.filter((it) => it.startsWith("gate-")),
    end: end && {
      name: end[0],
      code: Number(end[1]),
      signal: end[2] ?? "0",
      leftBehind: Number(end[3]),
    },
  };
}

/** Tells whether what was looked at is not there. */
async function isMissing(looking: Promise<unknown>): Promise<boolean> {
  return await looking.then(
    () => false,
    (error) => error instanceof Deno.errors.NotFound,
  );
}

type KeptEnd = NonNullable<Awaited<ReturnType<typeof look>>["end"]>;

async function sizesOf(folder: string): Promise<OutputSizes> {
  const [stdout, stderr] = await Promise.all(
    ["stdout", "stderr"].map(async (it) =>
      (await Deno.stat(join(folder, it))).size
    ),
  );
  return { stdout: stdout ?? 0, stderr: stderr ?? 0 };
}

async function factsOf(
  folder: string,
  { end, sizes }: {
    readonly end: KeptEnd;
    readonly sizes: OutputSizes;
  },
): Promise<ExecFacts> {
  const [from = 0, to = 0] = await Promise.all(
    ["begun", end.name].map(async (it) =>
      (await Deno.stat(join(folder, it))).mtime?.getTime()
    ),
  );
  const signal = end.signal === "0" ? null : `SIG${end.signal}`;
  return {
    exitCode: signal === null ? end.code : null,
    signal,
    durationMs: Math.max(0, to - from),
    startedAt: isoTime(from),
    finishedAt: isoTime(to),
    timedOut: false,
    stdoutBytes: sizes.stdout,
    stderrBytes: sizes.stderr,
    truncated: false,
    heldOpen: false,
    ...(end.leftBehind > 0 && { killedProcesses: end.leftBehind }),
  };
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
