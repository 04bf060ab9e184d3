import { assert } from "@std/assert";
import { join } from "@std/path";
import { startModelServer } from "../../../codexd/testing/model_server.ts";
import {
  follow,
  type TestFollower,
} from "../../../codexd/testing/test_follower.ts";
import { tempDir } from "../../../shared/testing/fakes.ts";
import type { Json } from "../../../shared/testing/json.ts";
import { until } from "../../../shared/testing/until.ts";
import { type RunningDaemon, startDaemon } from "../../testing/daemon.ts";
import { type Answer, call } from "../../testing/http.ts";
import { codexHome } from "../../testing/real_codex.ts";

/** What is planted, and must be found in no log of codexd's. */
export const PLANTED = {
  apiKey: "SMOKE-SECRET-api-key-71d2",
  bearer: "SMOKE-SECRET-bearer-0b9e",
} as const;

/** Lets the real Codex ask its user. */
const QUESTIONS = `
[features]
default_mode_request_user_input = true
`;

/** A temporary codexd and a temporary conductor, in folders of their own. */
export class CodexdSmoke implements AsyncDisposable {
  readonly folder: string;
  readonly codexd: RunningDaemon;
  readonly conductor: RunningDaemon;
  /** The session that the steps share. */
  sessionId = "";
  readonly #parts: AsyncDisposableStack;

  private constructor(parts: {
    readonly folder: string;
    readonly codexd: RunningDaemon;
    readonly conductor: RunningDaemon;
    readonly stack: AsyncDisposableStack;
  }) {
    this.folder = parts.folder;
    this.codexd = parts.codexd;
    this.conductor = parts.conductor;
    this.#parts = parts.stack;
  }

  /** Starts both, with what `install` puts into a folder for Codex. */
  static async start(
    install: (folder: string) => string | Promise<string>,
  ): Promise<CodexdSmoke> {
    await using stack = new AsyncDisposableStack();
    const { path: folder } = stack.use(await tempDir());
    const model = stack.use(startModelServer());
    const home = await codexHome(folder, model.baseUrl);
    const config = join(home, "config.toml");
    await Deno.writeTextFile(config, QUESTIONS, { append: true });
    const codexd = stack.use(
      await startDaemon("codexd", {
        BAA_CODEX_BIN: await install(folder),
        BAA_STATE_DIR: join(folder, "state"),
        BAA_LOGS_DIR: join(folder, "logs"),
        BAA_LOG_LEVEL: "debug",
        // Its own login, its own history; the model is a script on loopback.
        CODEX_HOME: home,
        BAA_CODEX_APPROVALS: "ask",
        OPENAI_API_KEY: PLANTED.apiKey,
      }),
    );
    const conductor = stack.use(
      await startDaemon("conductor", {
        BAA_CODEXD_LOCAL_API: codexd.origin,
        BAA_STATE_DIR: join(folder, "state"),
      }),
    );
    return new CodexdSmoke({ folder, codexd, conductor, stack: stack.move() });
  }

  /** Asks conductor; with a body it is a POST. */
  ask(path: string, body?: unknown): Promise<Answer> {
    return call(this.conductor.origin + path, body);
  }

  /** Asks codexd itself. */
  askCodexd(path: string): Promise<Answer> {
    return call(this.codexd.origin + path);
  }

  /** Runs a turn of the shared session through conductor. */
  async turn(input: string, more = {}) {
    const body = { session_id: this.sessionId, input, wait: true, ...more };
    return dataOf(await this.ask("/v1/codex/turn", body));
  }

  /** Asks until the data are as wanted: a start takes a moment. */
  async until(ask: () => Promise<Answer>, isWanted: (data: Json) => boolean) {
    const answer = await until(ask, (it) => it.ok && isWanted(it.data));
    return answer.data;
  }

  follow(): TestFollower {
    const base = this.codexd.origin.replace("http", "ws");
    return follow(`${base}/v1/codexd/events`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]();
  }
}

/** Returns the data of a success. */
export function dataOf(answer: Answer) {
  assert(answer.ok, `${answer.status} ${JSON.stringify(answer.error)}`);
  return answer.data;
}
