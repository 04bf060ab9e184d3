import { type Clock, systemClock } from "../shared/clock.ts";
import { shellQuote } from "../shared/shell_quote.ts";
import { InFlight } from "../shared/wait.ts";

/** How many shells there are at most; who asks for more waits for one. */
const MOST = 4;

/** A folder, or a file in it, that lets a shell wait this long is given up. */
const MOST_ENTERING_MS = 60_000;

/**
 * Takes orders, one a line, and says after each how it ended. A folder that it
 * has entered stays the same one, whoever renames what meanwhile: what the
 * runtime's own calls cannot do. Ends with its input, and thus with the daemon.
 */
const LOOP = `trap '' INT HUP TERM
exec 2>&1
nl='
'
while IFS= read -r order
do eval "$order" </dev/null; printf '\\n%s %s\\n' "$0" "$?"
done`;

/** Shells that enter folders and do things there, kept for the next who asks. */
export class FolderShells {
  readonly #options: FolderShellsOptions;
  readonly #idle: FolderShell[] = [];
  readonly #waiting: ((shell: FolderShell | undefined) => void)[] = [];
  readonly #inUse = new InFlight();
  #count = 0;

  constructor(options: FolderShellsOptions) {
    this.#options = options;
  }

  /**
   * Gives a shell to `use`, and takes it back when that settles.
   *
   * @throws what `Deno.Command` throws, and what `use` does.
   */
  with<T>(use: (shell: FolderShell) => Promise<T>): Promise<T> {
    return this.#inUse.track(this.#with(use));
  }

  /** Starts one, so that the first who asks need not wait. Never rejects. */
  async prepare(): Promise<void> {
    await this.with((shell) => shell.do(":")).catch(() => {
      // who asks starts one, and reports what is wrong
    });
  }

  /** Returns which folder a path leads to, as the kernel says; undefined: none that can be entered. */
  async realFolder(path: string): Promise<string | undefined> {
    const { code, output } = await this.with((shell) =>
      shell.enter(orderWord(path))
    );
    return code === 0 ? output.slice(0, -1) : undefined;
  }

  /** Ends all, once they are back; none may be asked for any more. */
  async close(): Promise<void> {
    await this.#inUse.idle();
    await Promise.all(this.#idle.splice(0).map((it) => it.end()));
  }

  async #with<T>(use: (shell: FolderShell) => Promise<T>): Promise<T> {
    const shell = await this.#take();
    try {
      return await use(shell);
    } finally {
      await this.#giveBack(shell);
    }
  }

  async #take(): Promise<FolderShell> {
    const idle = this.#idle.pop();
    if (idle !== undefined && !idle.hasEnded) return idle;
    if (idle !== undefined) {
      await idle.end();
      this.#leave();
      return await this.#take();
    }
    if (this.#count >= MOST) {
      const { promise, resolve } = Promise.withResolvers<
        FolderShell | undefined
      >();
      this.#waiting.push(resolve);
      const handedOn = await promise;
      if (handedOn !== undefined) return handedOn;
    }
    this.#count += 1;
    try {
      return new FolderShell(this.#options);
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  async #giveBack(shell: FolderShell): Promise<void> {
    if (shell.hasEnded) {
      await shell.end();
      return this.#leave();
    }
    shell.leave();
    const next = this.#waiting.shift();
    if (next !== undefined) next(shell);
    else this.#idle.push(shell);
  }

  /** Makes room for a new one. */
  #leave(): void {
    this.#count -= 1;
    this.#waiting.shift()?.(undefined);
  }
}

/** A shell that is asked one thing after another. */
export class FolderShell {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #mark = crypto.randomUUID();
  readonly #clock: Clock;
  #hasEnded = false;
  #left: Promise<unknown> = Promise.resolve();

  constructor({ shell, clock = systemClock }: FolderShellsOptions) {
    this.#clock = clock;
    this.#child = new Deno.Command(shell, {
      args: ["-c", LOOP, this.#mark],
      cwd: "/",
      // the system's own tools, whatever the owner has installed
      env: { PATH: "/bin:/usr/bin", LC_ALL: "C" },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.getReader();
    this.#child.status.then(() => this.#hasEnded = true);
  }

  /** Whether it can be asked for nothing any more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Has one line of shell done.
   *
   * @throws {Error} when the shell has ended: whether it was done is not known.
   */
  async do(order: string): Promise<OrderOutcome> {
    await this.#left;
    return await this.#do(order);
  }

  async #do(order: string): Promise<OrderOutcome> {
    const decoder = new TextDecoder();
    let text = "";
    try {
      await this.#writer.write(new TextEncoder().encode(`${order}\n`));
      while (true) {
        const { value, done } = await this.#reader.read();
        if (done) break;
        text += decoder.decode(value, { stream: true });
        const end = text.lastIndexOf(`\n${this.#mark} `);
        if (end === -1 || !text.endsWith("\n")) continue;
        const code = Number(text.slice(end + this.#mark.length + 2));
        return { code, output: text.slice(0, end) };
      }
    } catch {
      // as at its end
    }
    this.#hasEnded = true;
    throw new Error("the shell that does it has ended");
  }

  /**
   * Enters a folder, and does there an order that prints nothing while the
   * system says where that is: what is printed, when it could be entered. A
   * shell that waits too long is ended.
   *
   * @throws as {@linkcode do}.
   */
  async enter(word: string, order = ":"): Promise<OrderOutcome> {
    const timer = this.#clock.after(MOST_ENTERING_MS, () => {
      if (!this.#hasEnded) this.#child.kill("SIGKILL");
    });
    try {
      return await this.do(
        `cd -P ${word} && { /bin/pwd -P & ${order}; code=$?; ` +
          `wait $! && [ $code = 0 ]; }`,
      );
    } finally {
      timer.cancel();
    }
  }

  /** Leaves the folder it is in, before it does what it is asked next. */
  leave(): void {
    this.#left = this.#do("cd /").catch(() => {
      // as who asks next is told
    });
  }

  /** Ends it, and waits for that. */
  async end(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel().catch(() => {});
    await this.#child.status;
  }
}

/** How an order ended. */
interface OrderOutcome {
  /** 0 when it was done. */
  readonly code: number;
  /** What was printed, errors too. */
  readonly output: string;
}

interface FolderShellsOptions {
  /** An absolute path: the one program that this process may start. */
  readonly shell: string;
  /** Default: the machine's own. */
  readonly clock?: Clock;
}

/** Quotes a word for an order, which is one line. */
export function orderWord(word: string): string {
  return shellQuote(word).replaceAll("\n", `'"$nl"'`);
}
