import { join } from "@std/path";
import {
  type ModelServer,
  startModelServer,
} from "../../codexd/testing/model_server.ts";
import {
  follow,
  type TestFollower,
} from "../../codexd/testing/test_follower.ts";
import type { SessionDetail, TurnAnswer } from "../../shared/contracts/mod.ts";
import type { CodexdStatus } from "../../shared/contracts/codexd_status.ts";
import { freePort } from "../../shared/testing/free_ports.ts";
import { until } from "../../shared/testing/until.ts";
import { type RunningDaemon, startDaemon } from "./daemon.ts";
import { type Answer, call } from "./http.ts";
import { codexHome } from "./real_codex.ts";

/** A real codexd over a real Codex, whose model is a script on loopback. */
export class CodexRig implements AsyncDisposable {
  readonly folder: string;
  readonly home: string;
  /** Where sessions work. */
  readonly work: string;
  readonly origin: string;
  readonly model: ModelServer;
  readonly #env: Readonly<Record<string, string>>;
  #codexd: RunningDaemon;

  private constructor(parts: {
    readonly folder: string;
    readonly home: string;
    readonly model: ModelServer;
    readonly env: Readonly<Record<string, string>>;
    readonly codexd: RunningDaemon;
  }) {
    this.folder = parts.folder;
    this.home = parts.home;
    this.work = join(parts.folder, "work");
    this.model = parts.model;
    this.#env = parts.env;
    this.#codexd = parts.codexd;
    this.origin = parts.codexd.origin;
  }

  static async start(
    codex: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<CodexRig> {
    const folder = await Deno.realPath(
      await Deno.makeTempDir({ prefix: "codex-rig-" }),
    );
    await Deno.mkdir(join(folder, "work"));
    const model = startModelServer();
    const home = await codexHome(folder, model.baseUrl);
    const all = {
      BAA_CODEXD_LOCAL_API: `http://127.0.0.1:${freePort()}`,
      BAA_CODEX_BIN: codex,
      BAA_STATE_DIR: join(folder, "state"),
      BAA_LOGS_DIR: join(folder, "logs"),
      BAA_TMP_DIR: join(folder, "tmp"),
      BAA_LOG_LEVEL: "debug",
      CODEX_HOME: home,
      ...env,
    };
    const codexd = await startDaemon("codexd", all);
    const rig = new CodexRig({ folder, home, model, env: all, codexd });
    await rig.untilReady();
    return rig;
  }

  /** What a conductor is started with, to find it. */
  get conductorEnv(): Readonly<Record<string, string>> {
    return {
      BAA_CODEXD_LOCAL_API: this.origin,
      BAA_STATE_DIR: join(this.folder, "state"),
    };
  }

  /** Of codexd. */
  get pid(): number {
    return this.#codexd.pid;
  }

  status(): Promise<CodexdStatus> {
    return this.data("/v1/codexd/status");
  }

  /** Waits until Codex is there, or will not come. */
  async untilReady(): Promise<CodexdStatus> {
    return await until(
      () => this.status(),
      ({ app_server }) => !/^(re)?starting$/.test(app_server.state),
      { withinMs: 120_000 },
    );
  }

  call(path: string, body?: unknown): Promise<Answer> {
    const token = this.#env.BAA_SHARED_TOKEN;
    return call(
      this.origin + path,
      body,
      token === undefined ? {} : { authorization: `Bearer ${token}` },
    );
  }

  /** The data of a success; throws what a failure says. */
  async data<T>(
    path: string,
    body?: unknown,
  ): Promise<T> {
    const answer = await this.call(path, body);
    if (answer.ok) return answer.data;
    throw new Error(`${answer.status} ${JSON.stringify(answer.error)}`);
  }

  /** Makes a session and returns its id. */
  async session(body: Record<string, unknown> = {}): Promise<string> {
    const { session_id } = await this.data<{ session_id: string }>(
      "/v1/codexd/sessions",
      { cwd: this.work, ...body },
    );
    return session_id;
  }

  /** Runs a turn to its end. */
  turn(
    session_id: string,
    input: string,
    more: Record<string, unknown> = {},
  ): Promise<TurnAnswer> {
    const body = { session_id, input, wait: true, ...more };
    return this.data("/v1/codexd/turn", body);
  }

  read(sessionId: string): Promise<SessionDetail> {
    return this.data(`/v1/codexd/sessions/${sessionId}`);
  }

  follow(query = ""): TestFollower {
    const base = this.origin.replace("http", "ws");
    return follow(`${base}/v1/codexd/events${query}`);
  }

  /** Ends codexd, as a crash would or in another way; resolves when it is gone. */
  async kill(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    this.#codexd.child.kill(signal);
    await this.#codexd.child.status;
  }

  /** Starts codexd on what the last one left. */
  async restart(): Promise<void> {
    await this.#codexd[Symbol.asyncDispose]();
    this.#codexd = await startDaemon("codexd", this.#env);
    await this.untilReady();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#codexd[Symbol.asyncDispose]();
    await this.model[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}
