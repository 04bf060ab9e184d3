import { join } from "@std/path";
import { ScriptedClient } from "../../conductor/browser/testing/scripted_client.ts";
import {
  freePort,
  type RunningDaemon,
  startDaemon,
} from "../testing/daemon.ts";
import type { Answer } from "../testing/http.ts";

/** What is planted, and must be found nowhere that conductor writes or answers. */
export const SECRETS = {
  cookie: "SMOKE-SECRET-cookie-3f81",
  authorization: "SMOKE-SECRET-authorization-a90c",
  address: "SMOKE-SECRET-address-5e27",
  setCookie: "SMOKE-SECRET-set-cookie-77d0",
} as const;

/** A temporary conductor and a scripted browser at its bridge. */
export class BrowserSmoke implements AsyncDisposable {
  readonly folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #answers: string[] = [];
  #conductor: RunningDaemon;
  client: ScriptedClient;

  private constructor(parts: {
    readonly folder: string;
    readonly env: Readonly<Record<string, string>>;
    readonly conductor: RunningDaemon;
    readonly client: ScriptedClient;
  }) {
    this.folder = parts.folder;
    this.#env = parts.env;
    this.#conductor = parts.conductor;
    this.client = parts.client;
  }

  static async start(): Promise<BrowserSmoke> {
    const folder = await Deno.makeTempDir({ prefix: "browser-smoke-" });
    const env = {
      BAA_CONDUCTOR_LOCAL_API: `http://127.0.0.1:${freePort()}`,
      BAA_STATE_DIR: join(folder, "state"),
      BAA_LOGS_DIR: join(folder, "logs"),
      BAA_LOG_LEVEL: "debug",
      BAA_LEASE_MS: "1000",
      BAA_BROWSER_SPACING_MS: "0",
      BAA_BROWSER_HEARTBEAT_MS: "1000",
    };
    const conductor = await startDaemon("conductor", env);
    const client = await ScriptedClient.connect(conductor.origin);
    return new BrowserSmoke({ folder, env, conductor, client });
  }

  get origin(): string {
    return this.#conductor.origin;
  }

  /** Every answer that was given so far, as text. */
  get answers(): readonly string[] {
    return this.#answers;
  }

  /** Kills conductor as a crash would, and starts it on the same state. */
  async restart(): Promise<void> {
    this.#conductor.child.kill("SIGKILL");
    await this.#conductor[Symbol.asyncDispose]();
    this.#conductor = await startDaemon("conductor", this.#env);
  }

  async reconnect(): Promise<void> {
    this.client = await ScriptedClient.connect(this.origin);
  }

  /** Sends a request; without a body it is a GET. */
  async call(path: string, body?: unknown): Promise<Answer> {
    const response = await this.#send(path, body);
    const text = await response.text();
    this.#answers.push(text);
    return { status: response.status, ...JSON.parse(text) };
  }

  /** Sends a request, and gives the answer as it is. */
  async text(path: string, body?: unknown): Promise<string> {
    const text = await (await this.#send(path, body)).text();
    this.#answers.push(text);
    return text;
  }

  #send(path: string, body: unknown): Promise<Response> {
    return fetch(this.origin + path, {
      ...(body !== undefined && {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.#conductor[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}
