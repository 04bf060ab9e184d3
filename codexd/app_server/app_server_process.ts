import type { ChildProcess } from "../../host_ops/process/mod.ts";
import type { Clock } from "../../shared/clock.ts";
import type { LastExit } from "../../shared/contracts/mod.ts";
import { messageOf } from "../../shared/errors.ts";
import { readLines } from "../../shared/lines.ts";
import type { Logger } from "../../shared/log.ts";
import { VERSION } from "../../shared/version.ts";
import { sleep, within } from "../../shared/wait.ts";
import {
  LineTransport,
  RpcConnection,
  type RpcNotification,
  type RpcRequest,
} from "../rpc/mod.ts";
import { CodexClient } from "./codex_client.ts";
import type { TrafficLog } from "./traffic_log.ts";
import { findVersion } from "./version.ts";
import { Liveness } from "./liveness.ts";

const HANDSHAKE_MS = 20_000;
/** How long it has to answer when it is asked for a sign of life. */
const PING_MS = 20_000;
const STDERR_TAIL_LINES = 40;
const STDERR_LINE_CHARS = 65_536;
/** From the end of its output or its input to that of the process. */
const LEAVE_MS = 2000;
/** What a process that was told to end still may take. */
const TERMINATE_MS = 1000;
/** For output that is still in the pipe when the process has ended. */
const DRAIN_MS = 100;

/** One process of the app-server, from its start until it is gone. */
export class AppServerProcess {
  readonly rpc: RpcConnection;
  readonly client: CodexClient;
  /** Resolves when the process is gone and its streams are closed. */
  readonly ended: Promise<AppServerEnd>;
  readonly #child: ChildProcess;
  readonly #options: AppServerProcessOptions;
  readonly #stderrTail: string[] = [];
  readonly #exited = new AbortController();
  #leaveMs = LEAVE_MS;
  readonly #liveness: Liveness;

  constructor(child: ChildProcess, options: AppServerProcessOptions) {
    this.#child = child;
    this.#options = options;
    const transport = new LineTransport(
      { readable: child.stdout, writable: child.stdin },
      {
        onLine: (direction, line, message) => {
          if (direction === "in") this.#liveness.heard();
          options.traffic?.line(direction, line, message);
        },
      },
    );
    this.rpc = new RpcConnection(transport, {
      clock: options.clock,
      log: options.log,
      onNotifications: (it) => options.messages.onNotifications(it),
      onRequest: (request) => options.messages.onRequest(request, this.rpc),
      endReason: () => this.#whyItLeft(),
      onTimeout: () => void this.#liveness.suspect(),
    });
    this.client = new CodexClient(this.rpc);
    this.#liveness = new Liveness({
      clock: options.clock,
      ping: () => this.client.ping({ timeoutMs: PING_MS }),
      onDead: () => this.fail("the app-server gave no sign of life"),
    });
    this.ended = this.#run();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /**
   * Shakes hands and returns what it tells of itself.
   * @throws {Error} it is ended then
   */
  async shakeHands() {
    try {
      const patience = { timeoutMs: HANDSHAKE_MS };
      const hello = await this.client.initialize(VERSION, patience);
      this.#liveness.start();
      const { userAgent, codexHome } = hello;
      return { version: findVersion(userAgent), codexHome };
    } catch (error) {
      this.fail(`the handshake failed: ${messageOf(error)}`);
      throw error;
    }
  }

  /** Ends it because of `reason`: every waiting call fails at once. */
  fail(reason: string): void {
    this.rpc.close(new Error(reason));
  }

  /** Ends it by the end of its input; after `graceMs` with more force. */
  async stop(reason: string, graceMs: number): Promise<void> {
    this.#leaveMs = graceMs;
    this.rpc.close(new Error(reason));
    await this.ended;
  }

  async #run(): Promise<AppServerEnd> {
    const { clock } = this.#options;
    const over = new AbortController();
    const reading = Promise.all([
      this.rpc.run(over.signal),
      this.#readStderr(over.signal),
    ]);
    // A command that outlives it may hold its output open.
    const exit = this.#child.status.then(async (exit) => {
      this.#exited.abort();
      await within(reading, { ms: DRAIN_MS, clock });
      this.rpc.close(new Error(exitReason(exit)));
      return exit;
    });
    const why = await this.rpc.closed;
    this.#liveness.stop();
    await sleep(clock, this.#leaveMs, this.#exited.signal);
    if (!this.#exited.signal.aborted) {
      this.#child.terminate();
      await sleep(clock, TERMINATE_MS, this.#exited.signal);
    }
    await this.#child.end();
    const { code, signal } = await exit;
    over.abort();
    await reading;
    return {
      pid: this.pid,
      code: signal === null ? code : null,
      signal,
      reason: why.message,
      stderr_tail: this.#stderrTail,
    };
  }

  /** Words why its output ended: as a rule because the process did. */
  async #whyItLeft(): Promise<Error> {
    await sleep(this.#options.clock, LEAVE_MS, this.#exited.signal);
    return new Error(
      this.#exited.signal.aborted
        ? exitReason(await this.#child.status)
        : "the app-server closed its output",
    );
  }

  async #readStderr(signal: AbortSignal): Promise<void> {
    try {
      const maxChars = STDERR_LINE_CHARS;
      const options = { maxChars, longLines: "cut", signal } as const;
      for await (const lines of readLines(this.#child.stderr, options)) {
        for (const line of lines) {
          this.#stderrTail.push(this.#options.onStderr(line));
          if (this.#stderrTail.length > STDERR_TAIL_LINES) {
            this.#stderrTail.shift();
          }
        }
      }
    } catch (error) {
      this.fail(`its standard error cannot be read: ${messageOf(error)}`);
    }
  }
}

/** What an app-server says by itself. */
export interface AppServerMessages {
  onNotifications(notifications: readonly RpcNotification[]): void;
  /** A question, to be answered over `rpc`. */
  onRequest(request: RpcRequest, rpc: Pick<RpcConnection, "answer">): void;
}

interface AppServerProcessOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly messages: AppServerMessages;
  readonly traffic?: Pick<TrafficLog, "line">;
  /** Takes a line of standard error and returns it without secrets. */
  onStderr(line: string): string;
}

type AppServerEnd = Omit<LastExit, "at" | "orphans_ended">;

function exitReason({ code, signal }: Deno.CommandStatus): string {
  return signal !== null
    ? `the app-server was killed by ${signal}`
    : `the app-server exited with code ${code}`;
}
