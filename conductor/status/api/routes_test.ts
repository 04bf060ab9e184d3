import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "../../../shared/clock.ts";
import { Redactor } from "../../../shared/redact.ts";
import { FakeServer } from "../../../shared/testing/fake_server.ts";
import { silentLogger } from "../../../shared/testing/fakes.ts";
import { testConductor } from "../../testing/test_conductor.ts";
import { composeStatusApi } from "./compose.ts";
import { readStatusApiConfig } from "./config.ts";

const PUBLIC = { "x-forwarded-for": "203.0.113.9" };

/** The wrapper in front of whatever answers at `conductor`. */
function wrapper(conductor: string, more: Record<string, string> = {}) {
  const env: Record<string, string> = {
    BAA_CONDUCTOR_LOCAL_API: conductor,
    ...more,
  };
  const config = readStatusApiConfig((name) => env[name]);
  const daemon = composeStatusApi(config, {
    log: silentLogger,
    flushLog() {},
    clock: systemClock,
    redactor: new Redactor([]),
    instance: "test",
    base: config.listen,
    hasIpv6: true,
    listening: { holds: () => true, trouble: undefined, absence: undefined },
    descriptors: { inUse: 30, limit: 20_000 },
  });
  return new FakeServer(daemon.handle, config.listen.origin);
}

async function withConductor(
  test: (server: FakeServer) => Promise<void>,
): Promise<void> {
  await using conductor = await testConductor();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => conductor.server.get(new URL(request.url).pathname),
  );
  await test(wrapper(`http://127.0.0.1:${server.addr.port}`));
}

Deno.test("the wrapper serves conductor's state, status and page", () =>
  withConductor(async (server) => {
    assertEquals(
      (await server.data("GET", "/v1/system/state"))["mode"],
      "running",
    );
    const status = await server.data("GET", "/v1/status");
    assertEquals(status["mode"], "running");
    assert("runs" in status);
    const page = await (await server.get("/v1/status/ui")).text();
    assertStringIncludes(page, "<h1>Running</h1>");
    assertStringIncludes(page, "read by status-api");
  }));

Deno.test("the wrapper tells a stranger no more than conductor would", () =>
  withConductor(async (server) => {
    for (const path of ["/v1/status", "/v1/system/state"]) {
      const answer = await server.get(path, { headers: PUBLIC });
      const { data } = await answer.json();
      assertEquals(Object.keys(data).sort(), [
        "health",
        "mode",
        "uptime_ms",
        "version",
      ]);
    }
  }));

Deno.test("the wrapper is honest when conductor is down, and alive itself", async () => {
  const server = wrapper("http://127.0.0.1:9");
  const answer = await server.get("/v1/status");
  assertEquals(answer.status, 502);
  const { error } = await answer.json();
  assertEquals([error.code, error.retryable], ["UPSTREAM_FAILED", true]);
  assertStringIncludes(error.message, "http://127.0.0.1:9");
  const page = await server.get("/v1/status/ui");
  assertEquals(page.status, 502);
  assertStringIncludes(
    page.headers.get("content-security-policy") ?? "",
    "default-src 'none'",
  );
  assertStringIncludes(await page.text(), "No answer");
  assertEquals(await (await server.get("/healthz")).text(), "ok");
  const stranger = await server.get("/v1/status/ui", { headers: PUBLIC });
  assert(!(await stranger.text()).includes("127.0.0.1"));
});

Deno.test("the wrapper has no route that writes", async () => {
  const server = wrapper("http://127.0.0.1:9");
  const answer = await server.post("/v1/system/pause", {});
  assertEquals(answer.status, 404);
  await answer.body?.cancel();
  const described = await server.data<{ endpoints: { method: string }[] }>(
    "GET",
    "/describe",
  );
  assert(described.endpoints.every(({ method }) => method === "GET"));
});

Deno.test("the wrapper names its own address, not the one in front of conductor", async () => {
  const server = wrapper("http://127.0.0.1:9", {
    BAA_CONDUCTOR_PUBLIC_API_BASE: "https://conductor.example.com",
  });
  const answer = await server.get("/openapi.json", { headers: PUBLIC });
  assertEquals((await answer.json()).servers, [{
    url: "http://127.0.0.1:4318",
  }]);
});
