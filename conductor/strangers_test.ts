import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "../shared/clock.ts";
import { Redactor } from "../shared/redact.ts";
import { FakeServer } from "../shared/testing/fake_server.ts";
import { silentLogger } from "../shared/testing/fakes.ts";
import { routes } from "./routes/mod.ts";
import { composeStatusApi } from "./status/api/compose.ts";
import { readStatusApiConfig } from "./status/api/config.ts";
import { statusApiRoutes } from "./status/api/routes.ts";
import { type TestConductor, testConductor } from "./testing/test_conductor.ts";

const TOKEN = "the-owner-4711-x9k2";
const OWNER = { authorization: `Bearer ${TOKEN}` };
const STRANGERS: readonly Record<string, string>[] = [
  {},
  { authorization: "Bearer the-owner-4711-x9k3" },
  { "x-forwarded-for": "203.0.113.9" },
  { "x-forwarded-for": "203.0.113.9", ...OWNER },
];

/** A conductor with a token and a lot to tell, and the words that tell it. */
async function busyConductor(): Promise<{
  readonly conductor: TestConductor;
  readonly told: readonly string[];
}> {
  const conductor = await testConductor({
    BAA_SHARED_TOKEN: TOKEN,
    BAA_CONDUCTOR_PUBLIC_API_BASE: "https://conductor.makefile.so",
    BAA_NODE_ID: "planted-node",
    BAA_CONDUCTOR_HOST: "planted-host",
  });
  const { server, folder } = conductor;
  const send = async (path: string, body: unknown) => {
    const answer = await server.post(path, body, { headers: OWNER });
    return (await answer.json()).data;
  };
  const task = (title: string, command: string) =>
    send("/v1/tasks", {
      title,
      kind: "exec",
      payload: { command, cwd: folder },
    });
  const failed = await task("planted-failure", "echo planted-word >&2; exit 3");
  const log = await server.get(`/v1/tasks/${failed.task_id}/logs`, {
    headers: { ...OWNER, accept: "text/event-stream" },
  });
  await log.text();
  const running = await task("planted-title", "echo up; sleep 60");
  const started = await server.get(`/v1/tasks/${running.task_id}/logs`, {
    headers: { ...OWNER, accept: "text/event-stream" },
  });
  const reader = started.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await send("/v1/system/pause", {
    requested_by: "planted-person",
    reason: "planted-reason",
    source: "planted-source",
  });
  const state = await server.get("/v1/system/state", { headers: OWNER });
  const { active_runs } = (await state.json()).data;
  return {
    conductor,
    told: [
      "planted-",
      failed.task_id,
      running.task_id,
      active_runs[0].run_id,
      folder,
      Deno.cwd(),
      // Where codexd would be, which it is not.
      "127.0.0.1:9",
    ],
  };
}

/** The paths of the routes that answer strangers. */
function openPaths(
  all: readonly { readonly path: string; readonly exposure: string }[],
): string[] {
  const paths = all.filter((it) => it.exposure === "public")
    .map((it) => it.path.replace(/:\w+/, "host.exec"));
  assert(paths.length > 8);
  return paths;
}

async function checkSilent(
  server: FakeServer,
  { paths, told }: {
    readonly paths: readonly string[];
    readonly told: readonly string[];
  },
): Promise<void> {
  for (const path of paths) {
    for (const headers of STRANGERS) {
      const answer = await server.get(path, { headers });
      assert(answer.status < 500, `${path} answers ${answer.status}`);
      const text = await answer.text() + JSON.stringify([...answer.headers]);
      for (const word of told) {
        assert(
          !text.includes(word),
          `${path} tells ${word} to ${JSON.stringify(headers)}`,
        );
      }
    }
  }
}

Deno.test("conductor tells strangers nothing of the work, in either zone", async () => {
  const { conductor, told } = await busyConductor();
  await using it = conductor;
  const paths = openPaths(routes);
  await checkSilent(it.server, { paths, told });
  // The owner is told all of it, so it was there to be told.
  const seen = await Promise.all(
    ["/v1/status", "/describe", "/health", "/v1/system/state"].map(
      async (path) =>
        await (await it.server.get(path, { headers: OWNER })).text(),
    ),
  );
  const text = seen.join();
  for (
    const word of [
      "planted-title",
      "planted-failure",
      "planted-person",
      "planted-reason",
      "planted-node",
      "planted-host",
      ...told.slice(1, 4),
      Deno.cwd(),
    ]
  ) assertStringIncludes(text, word);
});

Deno.test("strangers learn mode, health, version and uptime, and where a token is needed", async () => {
  await using it = await testConductor({ BAA_SHARED_TOKEN: TOKEN });
  const read = async (path: string) =>
    (await (await it.server.get(path)).json()).data;
  const little = ["health", "mode", "uptime_ms", "version"];
  assertEquals(Object.keys(await read("/v1/system/state")).sort(), little);
  assertEquals(Object.keys(await read("/v1/status")).sort(), little);
  assertEquals(Object.keys(await read("/health")).sort(), [
    "status",
    "uptime_ms",
    "version",
  ]);
  const described = await read("/describe");
  assertEquals(Object.keys(described.system).sort(), little);
  assertEquals([described.websocket, described.host_operations], [
    {},
    undefined,
  ]);
  const { write_endpoints } = await read("/v1/capabilities");
  for (const line of write_endpoints) {
    assertEquals(line.available, false, line.id);
    assertStringIncludes(line.unavailable_reason, "needs a token");
  }
});

Deno.test("the wrapper tells strangers no more, with a token of its own and without", async () => {
  const { conductor, told } = await busyConductor();
  await using it = conductor;
  await using relay = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url, headers }) => {
      const { host: _, ...passed } = Object.fromEntries(headers);
      return it.server.get(new URL(url).pathname, { headers: passed });
    },
  );
  for (const more of [{}, { BAA_SHARED_TOKEN: TOKEN }]) {
    const env: Record<string, string> = {
      BAA_CONDUCTOR_LOCAL_API: `http://127.0.0.1:${relay.addr.port}`,
      ...more,
    };
    const config = readStatusApiConfig((name) => env[name]);
    const daemon = composeStatusApi(config, {
      log: silentLogger,
      flushLog() {},
      clock: systemClock,
      redactor: new Redactor(),
      instance: "test",
      base: config.listen,
      hasIpv6: true,
      listening: { holds: () => true, trouble: undefined, absence: undefined },
      descriptors: { inUse: 30, limit: 20_000 },
    });
    const server = new FakeServer(daemon.handle, config.listen.origin);
    await checkSilent(server, { paths: openPaths(statusApiRoutes), told });
  }
});
