import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PublicStatus, Status } from "../status/contract.ts";
import { FakeCodexd } from "../codex/testing/fake_codexd.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

const PUBLIC = { "x-forwarded-for": "203.0.113.9" };
const HOSTILE = `<script>alert("x")</script>'&`;

/** Reads the status as a caller with `headers` does. */
async function statusFor(
  it: TestConductor,
  headers: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const response = await it.server.get("/v1/status", { headers });
  return (await response.json()).data;
}

/** Runs a task to its end. */
async function runTask(it: TestConductor, command: string): Promise<void> {
  const task = await it.server.data("POST", "/v1/tasks", {
    title: HOSTILE,
    kind: "exec",
    payload: { command },
  });
  const follow = await it.server.get(`/v1/tasks/${task.task_id}/logs`, {
    headers: { accept: "text/event-stream" },
  });
  await follow.text();
}

Deno.test("GET /v1/status shows at a glance what the node does", async () => {
  await using codexd = new FakeCodexd();
  await using it = await testConductor(codexd.env);
  await codexd.followed();
  await runTask(it, "true");
  await runTask(it, "echo broken >&2; exit 3");
  const status = Status.parse(await it.server.data("GET", "/v1/status"));
  assertEquals(status.mode, "running");
  assertEquals(status.health, "ok", "a browser that is away is no fault");
  assertEquals(status.leader?.controller_id, "mini-main");
  assertEquals(status.node.role, "leader");
  assertEquals(status.queue, { active_runs: 0, queued_tasks: 0 });
  const { succeeded, failed } = status.runs;
  assertEquals([succeeded, failed], [1, 1]);
  assertEquals(status.last_errors.length, 1);
  assertEquals(status.last_errors[0]?.title, HOSTILE);
  assert((status.disk?.free_bytes ?? 0) > 0);
  const { os } = Deno.build;
  assertEquals(status.descriptors, { in_use: 30, limit: 20_000 });
  assertEquals(status.process_groups, os === "linux" ? "setsid" : "perl");
  assertEquals(status.codexd, {
    state: "healthy",
    reason: null,
    codex_version: "0.169.0",
  });
  assertEquals(status.browser, {
    state: "away",
    reason: "Cannot reach the browser: no extension is connected",
    clients: 0,
    in_flight: 0,
  });
});

Deno.test("GET /v1/status tells a stranger the mode, health, version and uptime only", async () => {
  await using it = await testConductor();
  const status = await statusFor(it, PUBLIC);
  assertEquals(Object.keys(status).sort(), [
    "health",
    "mode",
    "uptime_ms",
    "version",
  ]);
});

Deno.test("GET /v1/status and its page say who can do what", async () => {
  await using it = await testConductor();
  const open = "any program on this machine is the owner: no token is set";
  assertEquals(Status.parse(await statusFor(it, {})).who_may, open);
  const page = await it.server.get("/v1/status/ui");
  assertStringIncludes(await page.text(), open);
});

Deno.test("GET /v1/status shows nothing of the work without the token", async () => {
  const token = "a-token-for-tests";
  await using it = await testConductor({ BAA_SHARED_TOKEN: token });
  const authorization = `Bearer ${token}`;
  const created = await it.server.post("/v1/tasks", {
    title: HOSTILE,
    kind: "exec",
    payload: { command: "exit 3" },
  }, { headers: { authorization } });
  const { data: task } = await created.json();
  await (await it.server.get(`/v1/tasks/${task.task_id}/logs`, {
    headers: { accept: "text/event-stream", authorization },
  })).text();
  const stranger = await statusFor(it, {});
  assertEquals(PublicStatus.safeParse(stranger).success, true);
  const { last_errors } = Status.parse(await statusFor(it, { authorization }));
  assertEquals(last_errors.map((error) => error.title), [HOSTILE]);
});

Deno.test("GET /v1/status/ui is one page without script, every value escaped", async () => {
  await using it = await testConductor();
  await runTask(it, "exit 3");
  const response = await it.server.get("/v1/status/ui");
  assertEquals(response.status, 200);
  assertEquals(
    response.headers.get("content-type"),
    "text/html; charset=utf-8",
  );
  assertEquals(response.headers.get("x-content-type-options"), "nosniff");
  const policy = response.headers.get("content-security-policy") ?? "";
  assertStringIncludes(policy, "default-src 'none'");
  assert(!policy.includes("unsafe"));
  const page = await response.text();
  assert(!/<script/i.test(page));
  assert(!/ style=| on[a-z]+=/i.test(page));
  assertStringIncludes(
    page,
    "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;",
  );
  assertStringIncludes(page, "<svg");
  assertStringIncludes(page, `http-equiv="refresh"`);
});

Deno.test("GET /v1/status/ui shows a stranger no more than /v1/status does", async () => {
  await using it = await testConductor();
  await runTask(it, "exit 3");
  const response = await it.server.get("/v1/status/ui", { headers: PUBLIC });
  const page = await response.text();
  assertStringIncludes(page, "Running");
  assert(!page.includes("<svg"));
  assert(!page.includes("mini"));
});

Deno.test("GET /v1/status/ui lets a link from another site in, as a page and nothing else", async () => {
  await using it = await testConductor();
  const from = (dest: string, mode: string) =>
    it.server.get("/v1/status/ui", {
      headers: {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": mode,
        "sec-fetch-dest": dest,
      },
    });
  const page = await from("document", "navigate");
  await page.body?.cancel();
  assertEquals(page.status, 200);
  const framed = await from("iframe", "navigate");
  await framed.body?.cancel();
  assertEquals(framed.status, 403);
});

Deno.test("GET /v1/status and its page show when the next schedules are due within a day", async () => {
  await using it = await testConductor();
  const put = (name: string, cron: string, enabled = true) =>
    it.server.data("PUT", `/v1/schedules/${name}`, {
      cron,
      timezone: "UTC",
      enabled,
      task: { title: "t", kind: "exec", payload: { command: "true" } },
    });
  const empty = await (await it.server.get("/v1/status/ui")).text();
  assert(!empty.includes("Schedules of"));
  await put("minutely", "* * * * *");
  await put("quarterly", "*/15 * * * *");
  await put("rare", "0 0 29 2 *");
  await put("off", "* * * * *", false);
  const status = Status.parse(await it.server.data("GET", "/v1/status"));
  assertEquals(status.schedules?.count, 4);
  const days = status.schedules?.next.map(({ name, day }) => [
    name,
    day.length,
  ]);
  assertEquals(
    new Map(days as [string, number][]),
    new Map([
      ["minutely", 96],
      ["quarterly", 96],
      ["rare", 0],
    ]),
  );
  const page = await (await it.server.get("/v1/status/ui")).text();
  assertStringIncludes(page, "Schedules of the next 24 hours");
  assertStringIncludes(page, "the next 3 of 4 schedules");
  assertStringIncludes(page, ">quarterly</span>");
});
