import type { Daemon } from "../../shared/daemon/run_daemon.ts";
import { type Clock, systemClock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import { Redactor } from "../../shared/redact.ts";
import { FakeServer } from "../../shared/testing/fake_server.ts";
import { silentLogger, tempDir } from "../../shared/testing/fakes.ts";
import { compose } from "../compose.ts";
import { readConductorConfig } from "../config.ts";

/** A whole conductor, without a port, on a state folder of its own. */
export interface TestConductor extends AsyncDisposable {
  readonly server: FakeServer;
  readonly daemon: Daemon;
  readonly origin: string;
  /** The folder that holds its state, logs and tmp. */
  readonly folder: string;
}

/** Composes the real conductor from `env`; state, logs and tmp are temporary. */
export async function testConductor(
  env: Readonly<Record<string, string>> = {},
  options: { readonly log?: Logger; readonly clock?: Clock } = {},
): Promise<TestConductor> {
  const folder = await tempDir();
  const variables: Record<string, string> = {
    BAA_STATE_DIR: folder.join("state"),
    BAA_LOGS_DIR: folder.join("logs"),
    BAA_TMP_DIR: folder.join("tmp"),
    // Nothing listens on the discard port: codexd is away.
    BAA_CODEXD_LOCAL_API: "http://127.0.0.1:9",
    ...env,
  };
  const config = readConductorConfig((name) => variables[name]);
  for (const path of config.folders) {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  }
  const daemon = await compose(config, {
    log: options.log ?? silentLogger,
    flushLog() {},
    clock: options.clock ?? systemClock,
    redactor: new Redactor(config.secrets),
    instance: crypto.randomUUID().slice(0, 8),
    base: config.listen,
    hasIpv6: true,
    listening: { holds: () => true, trouble: undefined, absence: undefined },
    descriptors: { inUse: 30, limit: 20_000 },
  });
  const { origin } = config.listen;
  return {
    server: new FakeServer(daemon.handle, origin),
    daemon,
    origin,
    folder: folder.path,
    async [Symbol.asyncDispose]() {
      daemon.quiesce();
      await daemon.stopWork();
      await daemon.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
