import { assert } from "@std/assert";
import type { BrowserView } from "../../../conductor/browser/mod.ts";
import { ScriptedClient } from "../../../conductor/browser/testing/scripted_client.ts";
import { type TempDir, tempDir } from "../../../shared/testing/fakes.ts";
import { until } from "../../../shared/testing/until.ts";
import { freePort } from "../../../shared/testing/free_ports.ts";
import { type RunningDaemon, startDaemon } from "../../testing/daemon.ts";
import { textsIn } from "../../testing/files.ts";
import { type Answer, send } from "../../testing/http.ts";

/** What is planted, and must be found nowhere that conductor writes or answers. */
export const PLANTED = {
  cookie: "SMOKE-SECRET-cookie-3f81",
  authorization: "SMOKE-SECRET-authorization-a90c",
  address: "SMOKE-SECRET-address-5e27",
  setCookie: "SMOKE-SECRET-set-cookie-77d0",
} as const;

/** A temporary conductor and a scripted browser at its bridge. */
export class BrowserSmoke implements AsyncDisposable {
  client: ScriptedClient;
  readonly #folder: TempDir;
  readonly #env: Readonly<Record<string, string>>;
  readonly #answers: string[] = [];
  #conductor: RunningDaemon;

  private constructor(parts: {
    readonly folder: TempDir;
    readonly env: Readonly<Record<string, string>>;
    readonly conductor: RunningDaemon;
    readonly client: ScriptedClient;
  }) {
    this.client = parts.client;
    this.#folder = parts.folder;
    this.#env = parts.env;
    this.#conductor = parts.conductor;
  }

  static async start(): Promise<BrowserSmoke> {
    const folder = await tempDir();
    const env = {
      BAA_CONDUCTOR_LOCAL_API: `http://127.0.0.1:${freePort()}`,
      BAA_STATE_DIR: folder.join("state"),
      BAA_LOGS_DIR: folder.join("logs"),
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

  /** Kills conductor as a crash would, and starts it on the same state. */
  async restart(): Promise<void> {
    this.#conductor.child.kill("SIGKILL");
    await this.#conductor[Symbol.asyncDispose]();
    this.#conductor = await startDaemon("conductor", this.#env);
  }

  async reconnect(): Promise<void> {
    const { pairingKey } = this.client;
    this.client = await ScriptedClient.connect(this.origin, { pairingKey });
  }

  /** Sends a request; without a body it is a GET. */
  async call(path: string, body?: unknown): Promise<Answer> {
    const response = await send(this.origin + path, body);
    return {
      status: response.status,
      ...JSON.parse(await this.#read(response)),
    };
  }

  /** Sends a request, and gives the answer as it is. */
  async text(path: string, body?: unknown): Promise<string> {
    return await this.#read(await send(this.origin + path, body));
  }

  /** Reads the view until it is as wanted: frames and requests take different ways. */
  view(isWanted: (view: BrowserView) => boolean): Promise<BrowserView> {
    return until(
      async (): Promise<BrowserView> => (await this.call("/v1/browser")).data,
      isWanted,
    );
  }

  /** Looks for what was planted: in every answer so far, the database and the logs. */
  async expectNoSecret(): Promise<void> {
    for (const path of ["/v1/browser", "/v1/audit?limit=200", "/describe"]) {
      await this.call(path);
    }
    const written = await textsIn(this.#folder.path);
    const texts = [...this.#answers.map((it) => ["an answer", it]), ...written];
    for (const [where, text = ""] of texts) {
      for (const secret of Object.values(PLANTED)) {
        assert(!text.includes(secret), `${secret} is in ${where}`);
      }
    }
  }

  async #read(response: Response): Promise<string> {
    const text = await response.text();
    this.#answers.push(text);
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.#conductor[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}
