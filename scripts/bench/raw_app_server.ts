import { APP_SERVER_ARGS } from "../../codexd/app_server/environment.ts";
import { readLines } from "../../shared/lines.ts";

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly result?: unknown;
}

/** The app-server without anything in between: what codexd is measured against. */
export class RawAppServer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #reading: Promise<void>;
  #lastId = 0;
  #onMessage = (_message: Message) => {};

  constructor(codex: string, options: { home: string; tmp: string }) {
    this.#child = new Deno.Command(codex, {
      args: [...APP_SERVER_ARGS],
      env: { CODEX_HOME: options.home, TMPDIR: options.tmp, NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** Shakes hands and makes a thread; returns its id. */
  async open(cwd: string): Promise<string> {
    await this.#call("initialize", {
      clientInfo: { name: "bench", version: "0" },
      capabilities: { experimentalApi: true },
    });
    const { thread } = await this.#call<{ thread: { id: string } }>(
      "thread/start",
      { cwd },
    );
    return thread.id;
  }

  /** Runs a turn; returns the times of its deltas, counted from its request. */
  async turn(threadId: string, text: string): Promise<number[]> {
    const since = performance.now();
    const deltas: number[] = [];
    const ended = new Promise<void>((resolve) => {
      this.#onMessage = ({ method }) => {
        if (method === "item/agentMessage/delta") {
          deltas.push(performance.now() - since);
        } else if (method === "turn/completed") resolve();
      };
    });
    await this.#call("turn/start", {
      threadId,
      input: [{ type: "text", text }],
    });
    await ended;
    return deltas;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
    await this.#reading;
  }

  #call<Result>(method: string, params: unknown): Promise<Result> {
    const id = ++this.#lastId;
    const line = JSON.stringify({ method, id, params }) + "\n";
    return new Promise((resolve) => {
      this.#answers.set(id, ({ result }) => resolve(result as Result));
      void this.#writer.write(new TextEncoder().encode(line));
    });
  }

  async #read(): Promise<void> {
    const limits = { maxChars: Infinity };
    for await (const lines of readLines(this.#child.stdout, limits)) {
      for (const line of lines) {
        const message: Message = JSON.parse(line);
        if (message.method !== undefined) this.#onMessage(message);
        else this.#answers.get(message.id ?? 0)?.(message);
      }
    }
  }
}
