import type { Clock, Timer } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { LineSplitter } from "../../shared/lines.ts";
import type { Logger } from "../../shared/log.ts";
import { backoffMs } from "../../shared/wait.ts";

/**
 * Reads orders, one a line, and answers those that wait for it. At the end of
 * its input, which the kernel delivers however the daemon dies, it kills every
 * group that it still remembers. Signals that a command may spray do not reach
 * it, and it runs nothing but builtins.
 */
const SCRIPT = `
trap '' HUP INT QUIT TERM PIPE USR1 USR2 ALRM TSTP TTIN TTOU
groups=' '
while read -r order group; do
  case $order in
  remember) groups="$groups$group " ;;
  terminate) kill -s TERM -- "-$group" ;;
  kill) kill -s KILL -- "$group" ;;
  probe | end)
    if [ $order = probe ] && kill -s 0 -- "-$group"; then
      echo "$group alive"
      continue
    fi
    kill -s KILL -- "-$group"
    case $groups in
    *" $group "*) groups="\${groups%%" $group "*} \${groups#*" $group "}" ;;
    esac
    echo "$group ended" ;;
  esac
done 2>/dev/null`;

const KILL_THE_REST =
  'for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done';

/** An order not answered within this many milliseconds replaces the reaper. */
const PATIENCE_MS = 1_000;

/** One that ends sooner than this, in milliseconds, is not replaced at once. */
const YOUNG_MS = 50;

/** How long until the next try then. */
const RETRY = { firstMs: 50, longestMs: 2_000 };

/** How many reapers may end by themselves, not killed, under one `remember`. */
const MOST_TRIES = 3;

/** Milliseconds for which `remember` replaces reapers that others kill. */
const KILLED_MS = 10_000;

const encoder = new TextEncoder();

/**
 * One long-lived shell beside the daemon that signals process groups for it
 * (which would otherwise need the permission to run anything) and outlives it
 * just long enough to leave no orphan. A command may kill it: then another one
 * is started and told again what runs and what was not yet done.
 */
export class Reaper {
  readonly #options: ReaperOptions;
  /** What runs, and the orders about it that wait for an answer. */
  readonly #groups = new Map<number, Set<Order>>();
  #shell: Shell | undefined;
  #heardAt = 0;
  #watch: Timer | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #closed = false;

  constructor(options: ReaperOptions) {
    this.#options = options;
  }

  /** Its process id, while there is one. */
  get id(): number | undefined {
    return this.#shell?.child.pid;
  }

  /**
   * Remembers a group. Resolves once the kernel holds the order: from then on
   * the group dies with the daemon, however that ends.
   *
   * @throws when there is no reaper and none can be started or kept.
   */
  async remember(group: number): Promise<void> {
    const { clock } = this.#options;
    const since = clock.monotonic();
    const running = this.#shell;
    this.#groups.set(group, new Set());
    try {
      for (let ended = 0;;) {
        if (this.#closed) throw new Error("the daemon is shutting down");
        const shell = this.#shell ?? this.#start();
        try {
          // one that was started since is told of every group
          if (shell !== running) await shell.told;
          else await write(shell, `remember ${group}\n`);
          return;
        } catch (cause) {
          const { signal } = await shell.gone;
          if (signal === null) ended++;
          const tooLong = clock.monotonic() - since > KILLED_MS;
          if (ended < MOST_TRIES && !tooLong) continue;
          const reason = "the reaper does not stay alive";
          throw new Error(reason, { cause });
        }
      }
    } catch (error) {
      this.#groups.delete(group);
      throw error;
    }
  }

  /** Asks every process of a group to end. */
  terminate(group: number): void {
    this.#order("terminate", group);
  }

  /** Kills processes that left their groups. */
  kill(ids: readonly number[]): void {
    for (const id of ids) this.#order("kill", id);
  }

  /** Tells whether any process of a group is left; forgets one that is empty. */
  probe(group: number): Promise<boolean> {
    return this.#ask(group, "probe");
  }

  /** Kills what is left of a group, at once, and forgets the group. */
  async end(group: number): Promise<void> {
    await this.#ask(group, "end");
  }

  /** Kills every group that is still remembered, and ends. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    this.#watch?.cancel();
    const shell = this.#shell;
    await shell?.writer.close().catch(() => {});
    await shell?.gone;
    this.#answerAll();
  }

  #ask(group: number, name: Order["name"]): Promise<boolean> {
    const orders = this.#groups.get(group);
    if (orders === undefined || this.#closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      orders.add({ name, answer: resolve });
      this.#watchForAnswer();
      this.#order(name, group);
    });
  }

  #order(name: "terminate" | "kill" | Order["name"], group: number): void {
    if (this.#shell === undefined) return;
    write(this.#shell, `${name} ${group}\n`).catch(() => {});
  }

  #start(): Shell {
    const child = new Deno.Command(this.#options.shell, {
      args: [
        "-c",
        [SCRIPT, this.#options.cleanup ?? ":", KILL_THE_REST].join("\n"),
      ],
      cwd: "/",
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      detached: true,
    }).spawn();
    let news = "";
    for (const [group, orders] of this.#groups) {
      news += `remember ${group}\n`;
      for (const { name } of orders) news += `${name} ${group}\n`;
    }
    const writer = child.stdin.getWriter();
    writer.closed.catch(() => {});
    const told = writer.write(encoder.encode(news));
    told.catch(() => {});
    const heard = this.#listen(child.stdout);
    const shell: Shell = {
      child,
      writer,
      startedAt: this.#options.clock.monotonic(),
      told,
      gone: child.status.then(async (status) => {
        await heard;
        await writer.abort().catch(() => {});
        if (this.#shell === shell) this.#replace(shell);
        return status;
      }),
    };
    this.#shell = shell;
    return shell;
  }

  #replace(dead: Shell): void {
    this.#shell = undefined;
    // with nothing to remember the next command starts one
    if (this.#closed || this.#groups.size === 0) return;
    const { clock, log } = this.#options;
    log.warn("The reaper has ended; starting another", {
      groups: this.#groups.size,
    });
    if (clock.monotonic() - dead.startedAt < YOUNG_MS) {
      return this.#startLater();
    }
    this.#failures = 0;
    this.#tryToStart();
  }

  #tryToStart(): void {
    if (this.#closed || this.#shell !== undefined) return;
    try {
      this.#start();
    } catch (error) {
      this.#options.log.error("Cannot start the reaper", {
        reason: messageOf(error),
      });
      this.#startLater();
    }
  }

  #startLater(): void {
    this.#retry?.cancel();
    this.#retry = this.#options.clock.after(
      backoffMs(++this.#failures, RETRY),
      () => this.#tryToStart(),
    );
    // nobody may hang on a reaper that does not come; the orders stay
    this.#answerAll();
  }

  async #listen(stdout: ReadableStream<Uint8Array>): Promise<void> {
    const splitter = new LineSplitter({ maxChars: 1_000 });
    try {
      for await (const bytes of stdout) {
        for (const line of splitter.push(bytes)) this.#hear(line);
      }
    } catch {
      // its end is noticed by its status
    }
  }

  #hear(line: string): void {
    this.#heardAt = this.#options.clock.monotonic();
    const [id, state] = line.split(" ");
    const group = Number(id);
    const orders = this.#groups.get(group);
    const isAlive = state === "alive";
    if (!isAlive) this.#groups.delete(group);
    for (const order of orders ?? []) {
      if (isAlive && order.name !== "probe") continue;
      orders?.delete(order);
      order.answer(isAlive);
    }
  }

  /** Kills a reaper that does not answer: stopped by a command, or stuck. */
  #watchForAnswer(): void {
    if (this.#watch !== undefined) return;
    const { clock } = this.#options;
    const since = clock.monotonic();
    this.#watch = clock.after(PATIENCE_MS, () => {
      this.#watch = undefined;
      if (![...this.#groups.values()].some((it) => it.size > 0)) return;
      if (this.#heardAt < since) {
        try {
          this.#shell?.child.kill("SIGKILL");
        } catch {
          // it has ended already
        }
      }
      this.#watchForAnswer();
    });
  }

  #answerAll(): void {
    for (const orders of this.#groups.values()) {
      for (const order of orders) order.answer(false);
    }
  }
}

interface Order {
  readonly name: "probe" | "end";
  /** Whether anything is left of the group. Harmless when called again. */
  readonly answer: (alive: boolean) => void;
}

interface Shell {
  readonly child: Deno.ChildProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly startedAt: number;
  /** Resolves when the kernel holds what it had to be told at its start. */
  readonly told: Promise<void>;
  /** How it ended; resolves when, where needed, it was replaced. */
  readonly gone: Promise<Deno.CommandStatus>;
}

interface ReaperOptions {
  readonly shell: string;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Shell commands that run when the daemon is gone, before what is left is
   * killed; `$groups` holds the groups. Default: none.
   */
  readonly cleanup?: string;
}

function write(shell: Shell, line: string): Promise<void> {
  return shell.writer.write(encoder.encode(line));
}
