import { systemClock } from "../../shared/clock.ts";
import type { CodexEvent } from "../../shared/contracts/codexd_events.ts";
import type { Daemon } from "../../shared/daemon/run_daemon.ts";
import type { Logger } from "../../shared/log.ts";
import { Redactor } from "../../shared/redact.ts";
import { FakeServer } from "../../shared/testing/fake_server.ts";
import { silentLogger, tempDir } from "../../shared/testing/fakes.ts";
import { composeCodexd } from "../compose.ts";
import { readCodexdConfig } from "../config.ts";
import { follow, type TestFollower } from "./test_follower.ts";
import { type FakeMachine, fakeMachine } from "./fake_machine.ts";

/** A whole codexd without a port, over a stand-in for Codex. */
export interface TestCodexd extends AsyncDisposable {
  readonly server: FakeServer;
  readonly machine: FakeMachine;
  /** Its working folder; sessions may use it as theirs. */
  readonly folder: string;
  /** Follows its events over a real WebSocket; needs `listening`. */
  follow(query?: string): TestFollower;
  /** Every event that is on disk. */
  events(): CodexEvent[];
  /** Waits until an event is on disk that `wanted` accepts. */
  event(wanted: (event: CodexEvent) => boolean): Promise<CodexEvent>;
  /** Stops it and starts another one on the same folders; `between` comes between. */
  restart(between?: () => Promise<void>): Promise<void>;
  /** Makes a session and returns its id. */
  session(body?: Record<string, unknown>): Promise<string>;
}

/** Composes the real codexd from `env` over a machine; its folders are temporary. */
export async function testCodexd(
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly machine?: FakeMachine;
    readonly log?: Logger;
    /** Whether it has a port as well. */
    readonly listening?: boolean;
  } = {},
): Promise<TestCodexd> {
  const folder = await tempDir();
  const machine = options.machine ?? fakeMachine();
  machine.home = folder.path;
  const variables: Record<string, string> = {
    BAA_STATE_DIR: folder.join("state"),
    BAA_LOGS_DIR: folder.join("logs"),
    BAA_TMP_DIR: folder.join("tmp"),
    // A file that exists and can be run: the machine starts something else.
    BAA_CODEX_BIN: "/bin/sh",
    PATH: "/usr/bin:/bin",
    ...options.env,
  };
  const config = readCodexdConfig((name) => variables[name]);
  for (const path of [...config.folders, folder.join("logs/codexd")]) {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  }
  const http = options.listening
    ? Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => daemon.handle(request, { remoteAddress: "127.0.0.1" }),
    )
    : undefined;
  const base = http === undefined
    ? config.listen
    : new URL(`http://127.0.0.1:${http.addr.port}`);
  const begin = (): Daemon =>
    composeCodexd(config, {
      log: options.log ?? silentLogger,
      flushLog() {},
      clock: systemClock,
      redactor: new Redactor(config.secrets),
      instance: crypto.randomUUID().slice(0, 8),
      base,
      hasIpv6: true,
      listening: { holds: () => true, trouble: undefined, absence: undefined },
      descriptors: { inUse: 30, limit: 20_000 },
    }, { start: machine.start });
  let daemon = begin();
  const server = new FakeServer(
    (request, info) => daemon.handle(request, info),
    base.origin,
  );
  async function end(): Promise<void> {
    daemon.quiesce();
    await daemon.stopWork();
    await daemon.close();
  }
  const it: TestCodexd = {
    server,
    machine,
    folder: folder.path,
    follow: (query = "") =>
      follow(`${base.origin}/v1/codexd/events${query}`.replace("http", "ws")),
    events: () => storedEvents(folder.join("state/codexd/events")),
    async event(wanted) {
      for (let tries = 0; tries < 2000; tries++) {
        const found = it.events().find(wanted);
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      throw new Error("The event that was waited for has not come");
    },
    async restart(between) {
      await end();
      await between?.();
      daemon = begin();
    },
    async session(body = {}) {
      const data = await server.data<{ session_id: string }>(
        "POST",
        "/v1/codexd/sessions",
        { cwd: folder.path, ...body },
      );
      return data.session_id;
    },
    async [Symbol.asyncDispose]() {
      await end();
      await http?.shutdown();
      await folder[Symbol.asyncDispose]();
    },
  };
  return it;
}

function storedEvents(folder: string): CodexEvent[] {
  return [...Deno.readDirSync(folder)].map((file) => file.name).sort()
    .flatMap((name) =>
      Deno.readTextFileSync(`${folder}/${name}`).split("\n").filter(Boolean)
        .map((line) => JSON.parse(line) as CodexEvent)
    );
}
