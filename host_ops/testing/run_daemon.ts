import { fromFileUrl } from "@std/path";
import { LineSplitter } from "../../shared/lines.ts";
import type { HostOpResult, HostOps } from "../mod.ts";

/** What `daemon.ts` answers. */
export type DaemonAnswer = HostOpResult & { readonly reaperId?: number };

/** `daemon.ts` in a process of its own, with only the permissions given. */
export class TestDaemon implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #answers: AsyncGenerator<DaemonAnswer>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#stdin = child.stdin.getWriter();
    this.#answers = answersOf(child.stdout);
  }

  /**
   * Starts one and waits until it is ready. `flags`: e.g. `--allow-run=/bin/sh`;
   * `under`: a program that starts it, with its arguments.
   */
  static async start(
    flags: readonly string[],
    { under = [], ...options }:
      & Readonly<Record<string, unknown>>
      & { readonly under?: readonly string[] } = {},
  ): Promise<TestDaemon> {
    const script = fromFileUrl(import.meta.resolve("./daemon.ts"));
    const [program = "", ...args] = [...under, Deno.execPath()];
    const child = new Deno.Command(program, {
      args: [
        ...args,
        "run",
        "--quiet",
        "--no-prompt",
        "--no-check",
        ...flags,
        script,
        JSON.stringify(options),
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const daemon = new TestDaemon(child);
    await daemon.#answers.next();
    return daemon;
  }

  /** Its process id. */
  get id(): number {
    return this.#child.pid;
  }

  /** Asks for an operation without waiting for its end. */
  async ask(
    request: Parameters<HostOps["runHostOperation"]>[0],
  ): Promise<void> {
    const line = `${JSON.stringify(request)}\n`;
    await this.#stdin.write(new TextEncoder().encode(line));
  }

  /** Returns the next result, whichever operation ends first. */
  async answer(): Promise<DaemonAnswer> {
    const { value } = await this.#answers.next();
    if (value === undefined) throw new Error("The daemon has ended");
    return value;
  }

  /** Does an operation. */
  async do(
    request: Parameters<HostOps["runHostOperation"]>[0],
  ): Promise<DaemonAnswer> {
    await this.ask(request);
    return await this.answer();
  }

  /** Kills it as nothing can prevent. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.close().catch(() => {});
    await this.#child.status;
    await this.#answers.return(undefined);
  }
}

async function* answersOf(
  stdout: ReadableStream<Uint8Array>,
): AsyncGenerator<DaemonAnswer> {
  const splitter = new LineSplitter({ maxChars: 100_000_000 });
  for await (const bytes of stdout) {
    for (const line of splitter.push(bytes)) yield JSON.parse(line);
  }
}
