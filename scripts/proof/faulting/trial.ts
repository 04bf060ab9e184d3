import { fromFileUrl, join } from "@std/path";
import { readLines } from "../../../shared/lines.ts";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { freePort } from "../../../shared/testing/free_ports.ts";
import type { Json } from "../../../shared/testing/json.ts";
import { pause } from "../../../shared/testing/until.ts";
import { daemonCommand } from "../../launch.ts";
import type { Program } from "../../permissions.ts";
import { CALL_MARKS, type WatchedCalls } from "./faulty_calls.ts";
import type { Injection, Verdict } from "./point.ts";

/** How long a daemon may take to be ready, also again after a fault. */
const READY_MS = 15_000;

/** What a daemon does while its writes fail, and what must be true afterwards. */
export interface Subject {
  readonly program: Program;
  readonly probe: "/healthz" | "/readyz";
  env(folder: string): Promise<Readonly<Record<string, string>>>;
  /** Asks for work, and remembers what was acknowledged. */
  work(daemon: Asked, told: Told): Promise<void>;
  /** Judges a daemon that was started anew. */
  judge(daemon: Asked, told: Told): Promise<void>;
  /** Judges what has been left when no daemon runs. */
  inspect(told: Told): Promise<void>;
}

/** What a caller was told, and what became of it. */
export interface Told {
  readonly folder: string;
  readonly verdict: Verdict;
  /** Checks of what was acknowledged, by its name. */
  readonly promises: Map<string, Promised>;
}

/** Says what is missing, or nothing. */
export type Promised = (daemon: Asked) => Promise<string | undefined>;

/** An answer with its status, 0 for none; `data` only if the work was acknowledged. */
export interface Heard {
  readonly status: number;
  readonly data?: Json;
  /** Of what was refused. */
  readonly code?: string;
}

/** A daemon that can be asked. */
export interface Asked {
  /** Asks with JSON; `call` is `GET /healthz`. Undefined: it ended before it answered. */
  ask(
    call: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Heard | undefined>;
}

/** What a trial has shown. */
export interface Trial {
  readonly verdict: Verdict;
  /** What the daemon said of its calls. */
  readonly said: readonly (readonly string[])[];
  /** What it was found to be after the fault: it went on, or ended. */
  readonly ended: boolean;
  /** Whether what was to fail has failed; work does not go the same way each time. */
  readonly isReached: boolean;
}

/**
 * Has a daemon work on a folder of its own while something of it fails, starts
 * it again with nothing that fails, and judges.
 */
export async function runTrial(
  subject: Subject,
  inject: (folder: string) => Injection | Promise<Injection>,
  isKill = false,
): Promise<Trial> {
  await using own = await tempDir();
  const folder = await Deno.realPath(own.path);
  const verdict = { corrupt: [], lost: [], unrecovered: [] } as Verdict;
  const told: Told = { folder, verdict, promises: new Map() };
  const env = await subject.env(folder);
  const said: string[][] = [];
  let ended: boolean;
  const injection = await inject(folder);
  {
    await using first = new Daemon(subject, env, { injection, said });
    if (await first.isReady()) {
      await subject.work(first, told);
      ended = first.hasEnded;
      if (!ended && !await first.isReady()) {
        verdict.unrecovered.push("it does not become ready again");
      }
      if (ended && !isKill) verdict.unrecovered.push("it ended by itself");
    } else {
      ended = first.hasEnded;
      if (!ended) verdict.unrecovered.push("it does not become ready");
    }
    if (!await first.stop()) verdict.unrecovered.push("it does not stop");
  }
  {
    await using second = new Daemon(subject, env);
    if (await second.isReady()) {
      for (const [name, check] of told.promises) {
        const missing = await check(second);
        if (missing !== undefined) verdict.lost.push(`${name}: ${missing}`);
      }
      await subject.judge(second, told);
    } else verdict.unrecovered.push("started again, it does not become ready");
    if (!await second.stop()) {
      verdict.unrecovered.push("started again, it does not stop");
    }
  }
  await subject.inspect(told);
  const isReached = await injection.isReached?.() ??
    said.some(([mark]) => mark === CALL_MARKS.hit);
  return { verdict, said, ended, isReached };
}

/** Loads what counts or fails the calls of a daemon ahead of it. */
export async function watching(
  folder: string,
  watched: WatchedCalls,
  plant?: string,
): Promise<Injection> {
  const calls = new URL("faulty_calls.ts", import.meta.url);
  const path = join(folder, "preload.ts");
  await Deno.writeTextFile(
    path,
    `import { watchCalls } from "${calls}";\nwatchCalls(${
      JSON.stringify(watched)
    });\n${plant ?? ""}`,
  );
  return { denoFlags: [`--preload=${path}`] };
}

class Daemon implements Asked, AsyncDisposable {
  readonly #origin = `http://127.0.0.1:${freePort()}`;
  readonly #child: Deno.ChildProcess;
  readonly #status: Promise<unknown>;
  readonly #probe: string;
  readonly #reading: Promise<void>;
  hasEnded = false;

  constructor(
    { program, probe }: Subject,
    env: Readonly<Record<string, string>>,
    { injection = {}, said = [] }: {
      readonly injection?: Injection;
      readonly said?: string[][];
    } = {},
  ) {
    this.#probe = probe;
    const address = program === "conductor"
      ? "BAA_CONDUCTOR_LOCAL_API"
      : "BAA_CODEXD_LOCAL_API";
    const variables = { ...env, ...injection.env, [address]: this.#origin };
    const { denoFlags = [], wrapper = [] } = injection;
    const command = daemonCommand(program, { env: variables, denoFlags });
    const [first = "", ...args] = [
      ...wrapper,
      command.program,
      ...command.args,
    ];
    this.#child = new Deno.Command(first, {
      args,
      cwd: fromFileUrl(new URL(".", import.meta.url)),
      clearEnv: true,
      env: { ...ownVariables(), ...variables },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#status = this.#child.status.finally(() => this.hasEnded = true);
    this.#reading = this.#read(said);
  }

  /** Waits until it is; false: it has ended, or takes too long. */
  async isReady(): Promise<boolean> {
    const deadline = performance.now() + READY_MS;
    while (!this.hasEnded && performance.now() < deadline) {
      try {
        const signal = AbortSignal.timeout(READY_MS);
        const answer = await fetch(this.#origin + this.#probe, { signal });
        await answer.body?.cancel();
        if (answer.ok) return true;
      } catch { /* not yet */ }
      await pause(5);
    }
    return false;
  }

  async ask(
    call: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Heard | undefined> {
    if (this.hasEnded) return undefined;
    const [method = "", path = ""] = call.split(" ");
    try {
      const response = await fetch(this.#origin + path, {
        method,
        headers: { "content-type": "application/json", ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(READY_MS),
      });
      const { status } = response;
      const { ok, data, error } = await response.json();
      const refused = error ?? (data?.ok === false ? data.error : undefined);
      return ok && refused === undefined
        ? { status, data }
        : { status, code: refused?.code };
    } catch {
      // Only of one that dies may a caller hear nothing.
      return await this.#endsWithin(1000) ? undefined : { status: 0 };
    }
  }

  /** Ends it as a service is ended; false: it had to be killed. */
  async stop(): Promise<boolean> {
    if (this.hasEnded) return true;
    this.#send("SIGTERM");
    return await this.#endsWithin(READY_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#send("SIGKILL");
    await this.#status;
    await this.#reading;
  }

  async #endsWithin(ms: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([this.#status, promise]);
    clearTimeout(timer);
    return this.hasEnded;
  }

  #send(signal: "SIGTERM" | "SIGKILL"): void {
    try {
      this.#child.kill(signal);
    } catch { /* it has ended */ }
  }

  async #read(said: string[][]): Promise<void> {
    for await (
      const lines of readLines(this.#child.stdout, { maxChars: 1e6 })
    ) {
      for (const line of lines) {
        const words = line.split("\t");
        if (!Object.values<string>(CALL_MARKS).includes(words[0] ?? "")) {
          continue;
        }
        said.push(words);
        if (words[0] === CALL_MARKS.dead) this.#send("SIGKILL");
      }
    }
  }
}

function ownVariables(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject())
      .filter(([name]) => !name.startsWith("BAA_")),
  );
}
