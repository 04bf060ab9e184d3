/**
 * A daemon of the kit's test routes, run as a process of its own by tests.
 * `GET /work` fails where nothing catches it; `GET /events` never ends.
 */
import { Dispatcher } from "../http/dispatcher.ts";
import { runDaemon } from "../daemon/run_daemon.ts";
import { RecordingAudit } from "./fakes.ts";
import { KIT_ROUTES } from "./kit_app.ts";

const folder = Deno.env.get("FIXTURE_FOLDER") ?? ".";

await runDaemon({
  name: "conductor",
  version: "0.0.0",
  readConfig: () => ({
    values: {
      sharedToken: undefined,
      sharedTokenFile: undefined,
      allowUnauthenticatedLan: false,
      allowedHosts: undefined,
      allowedOrigins: undefined,
    },
    token: undefined,
    listen: new URL("http://127.0.0.1:0"),
    logsDir: folder,
    logLevel: "debug",
    folders: [folder],
    secrets: [],
    warnings: [],
    whoMay: "nobody",
    lines: [],
  }),
  compose(_config, { base, log, clock }) {
    const app = new Dispatcher({
      routes: KIT_ROUTES,
      deps: {
        handle: () => {
          setTimeout(() => {
            throw new Error("nobody caught this");
          });
          return null;
        },
        events: async function* () {
          while (true) {
            yield await Promise.resolve({
              event: "tick",
              data: "x".repeat(10_000),
            });
          }
        },
        socket: () => ({ accept() {} }),
      },
      guard: {
        base,
        publicBase: undefined,
        allowed: [],
        allowedOrigins: [],
        proxyAddresses: [],
        token: undefined,
      },
      limits: { maxBodyBytes: 1024 },
      audit: new RecordingAudit(),
      clock,
      log,
    });
    return {
      handle: (request, info) => app.handle(request, info),
      relieve: () => app.relieve(),
      isWorking: () => app.isWorking,
      quiesce: () => app.quiesce(),
      stopWork: () => Promise.resolve(app.abortRequests()),
      close: () => Promise.resolve(),
    };
  },
}, Deno.args);
