import { join } from "@std/path";
import { installFakeCodex } from "../../../codexd/testing/fake_codex.ts";
import { startModelServer } from "../../../codexd/testing/model_server.ts";
import { Receiver } from "../../../conductor/notify/testing/receiver.ts";
import { freePort } from "../../../shared/testing/free_ports.ts";
import { until } from "../../../shared/testing/until.ts";
import { type RunningDaemon, startDaemon } from "../../testing/daemon.ts";
import { call } from "../../testing/http.ts";
import { codexHome, findRealCodex } from "../../testing/real_codex.ts";
import { type FastTime, preloadedClock } from "./preloaded_clock.ts";

/** Small, so that each is reached: see `BAA_RETENTION_ROWS`, `BAA_OUTPUT_MAX_BYTES`. */
export const KEPT_ROWS = 5000;
export const KEPT_OUTPUT_BYTES = 1_048_576;

/** Both daemons as they are installed, and what is at the other end of their wires. */
export interface Stage extends AsyncDisposable {
  readonly folder: string;
  /** Where clients and Codex work. */
  readonly work: string;
  readonly origin: string;
  readonly token: string;
  readonly daemons: Readonly<Record<"conductor" | "codexd", RunningDaemon>>;
  readonly receiver: Receiver;
  readonly codex: "real Codex and a mock model" | "stand-in for Codex";
  readonly time: FastTime | undefined;
  /** Ends both; returns their exit codes. */
  stop(): Promise<readonly number[]>;
}

/** Starts everything, and waits until Codex is there. */
export async function soakStage(
  { time, withRealCodex }: {
    readonly time: FastTime | undefined;
    readonly withRealCodex: boolean;
  },
): Promise<Stage> {
  await using started = new AsyncDisposableStack();
  const folder = await Deno.realPath(
    await Deno.makeTempDir({ prefix: "soak-" }),
  );
  started.defer(() => Deno.remove(folder, { recursive: true }));
  const work = join(folder, "work");
  await Deno.mkdir(work);
  const token = `Soak-${crypto.randomUUID()}`;
  const tokenFile = join(folder, "token");
  await Deno.writeTextFile(tokenFile, token, { mode: 0o600 });
  const receiver = started.use(new Receiver());
  const model = started.use(startModelServer());
  const real = withRealCodex ? await findRealCodex() : undefined;
  const env = {
    BAA_STATE_DIR: join(folder, "state"),
    BAA_LOGS_DIR: join(folder, "logs"),
    BAA_TMP_DIR: join(folder, "tmp"),
    BAA_SHARED_TOKEN_FILE: tokenFile,
    BAA_CODEXD_LOCAL_API: `http://127.0.0.1:${freePort()}`,
    BAA_CODEX_BIN: real ?? await installFakeCodex(folder),
    CODEX_HOME: await codexHome(folder, model.baseUrl),
    BAA_NOTIFY_URL: receiver.url.href,
    BAA_MAX_CONCURRENT_RUNS: "16",
    BAA_RETENTION_ROWS: String(KEPT_ROWS),
    BAA_OUTPUT_MAX_BYTES: String(KEPT_OUTPUT_BYTES),
    ...time && FAST_ENV,
  };
  const denoFlags = time ? [preloadedClock(time)] : [];
  const codexd = started.use(
    await startDaemon("codexd", env, { probe: "/healthz", denoFlags }),
  );
  const conductor = started.use(
    await startDaemon("conductor", env, { denoFlags }),
  );
  const headers = { authorization: `Bearer ${token}` };
  await until(
    () => call(`${conductor.origin}/v1/codex`, undefined, headers),
    ({ data }) => data?.codexd?.app_server.state === "ready",
    { withinMs: 60_000, everyMs: 100 },
  );
  const all = started.move();
  return {
    folder,
    work,
    origin: conductor.origin,
    token,
    daemons: { conductor, codexd },
    receiver,
    codex: real ? "real Codex and a mock model" : "stand-in for Codex",
    time,
    async stop() {
      for (const { child } of [conductor, codexd]) child.kill("SIGTERM");
      const statuses = [conductor.child.status, codexd.child.status];
      return (await Promise.all(statuses)).map(({ code }) => code);
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** What a busy machine must be able to keep at a faster time, and the least age limit. */
const FAST_ENV = {
  BAA_LEASE_MS: "300000",
  BAA_BROWSER_HEARTBEAT_MS: "120000",
  BAA_RETENTION_DAYS: "1",
} as const;
