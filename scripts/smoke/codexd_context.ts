import { join } from "@std/path";
import { findBinary } from "../../codexd/app_server/mod.ts";
import { installFakeCodex } from "../../codexd/testing/fake_codex.ts";
import { startModelServer } from "../../codexd/testing/model_server.ts";
import {
  follow,
  type TestFollower,
} from "../../codexd/testing/test_follower.ts";
import {
  freePort,
  type RunningDaemon,
  startDaemon,
} from "../testing/daemon.ts";
import { type Answer, call } from "../testing/http.ts";
import { codexHome } from "../testing/real_codex.ts";

/** What is planted, and must be found in no log of codexd's. */
export const SECRETS = {
  apiKey: "SMOKE-SECRET-api-key-71d2",
  bearer: "SMOKE-SECRET-bearer-0b9e",
} as const;

/** A temporary codexd and a temporary conductor, in folders of their own. */
export class CodexdSmoke implements AsyncDisposable {
  readonly folder: string;
  /** Which Codex it is, in words. */
  readonly which: string;
  readonly codexd: RunningDaemon;
  readonly conductor: RunningDaemon;
  /** The session that the steps share. */
  sessionId = "";
  readonly #parts: AsyncDisposableStack;

  private constructor(parts: {
    readonly folder: string;
    readonly which: string;
    readonly codexd: RunningDaemon;
    readonly conductor: RunningDaemon;
    readonly stack: AsyncDisposableStack;
  }) {
    this.folder = parts.folder;
    this.which = parts.which;
    this.codexd = parts.codexd;
    this.conductor = parts.conductor;
    this.#parts = parts.stack;
  }

  /** Starts both. `wanted` is the name or path of a Codex that may be there. */
  static async start(wanted: string, path: string): Promise<CodexdSmoke> {
    await using stack = new AsyncDisposableStack();
    const folder = await Deno.realPath(
      await Deno.makeTempDir({ prefix: "codexd-smoke-" }),
    );
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const model = stack.use(startModelServer());
    const found = await findBinary({ wanted, path });
    const isReal = "program" in found;
    const codexd = stack.use(
      await startDaemon("codexd", {
        BAA_CODEXD_LOCAL_API: `http://127.0.0.1:${freePort()}`,
        BAA_CODEX_BIN: isReal ? found.program : await installFakeCodex(folder),
        BAA_STATE_DIR: join(folder, "state"),
        BAA_LOGS_DIR: join(folder, "logs"),
        BAA_LOG_LEVEL: "debug",
        // Its own login, its own history; the model is a script on loopback.
        CODEX_HOME: await codexHome(folder, model.baseUrl),
        OPENAI_API_KEY: SECRETS.apiKey,
      }),
    );
    const conductor = stack.use(
      await startDaemon("conductor", { BAA_CODEXD_LOCAL_API: codexd.origin }),
    );
    const which = isReal
      ? `the real Codex, ${found.program}`
      : `a stand-in for Codex (${found.fault.reason})`;
    return new CodexdSmoke({
      folder,
      which,
      codexd,
      conductor,
      stack: stack.move(),
    });
  }

  /** Asks conductor; with a body it is a POST. */
  ask(path: string, body?: unknown): Promise<Answer> {
    return send(this.conductor.origin + path, body);
  }

  /** Asks codexd itself. */
  askCodexd(path: string, body?: unknown): Promise<Answer> {
    return send(this.codexd.origin + path, body);
  }

  follow(query = ""): TestFollower {
    const base = this.codexd.origin.replace("http", "ws");
    return follow(`${base}/v1/codexd/events${query}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]();
  }
}

function send(url: string, body?: unknown): Promise<Answer> {
  return body === undefined ? call("GET", url) : call("POST", url, body);
}
