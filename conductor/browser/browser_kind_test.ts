import { assertEquals, assertRejects } from "@std/assert";
import { AppError } from "../../shared/errors.ts";
import type { RunContext } from "../automation/task_kind.ts";
import { browserKind } from "./browser_kind.ts";
import { requestBody } from "./http_schemas.ts";
import { createRig } from "./testing/rig.ts";

/** A run of a `browser` task against a scripted browser. */
function startRun(
  payload: Readonly<Record<string, unknown>>,
  options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
) {
  const rig = createRig();
  const socket = rig.connect();
  const logged: string[] = [];
  const context: RunContext = {
    task_id: "task_1",
    run_id: "run_1",
    attempt: 1,
    timeout_ms: options.timeoutMs ?? null,
    signal: options.signal ?? new AbortController().signal,
    log(_stream, text) {
      logged.push(text);
      return Promise.resolve();
    },
    note() {},
  };
  const body = requestBody.parse({ platform: "site", ...payload });
  const outcome = browserKind(rig.browser).run(body, context);
  return { ...rig, socket, logged, outcome };
}

Deno.test("browserKind() logs the response's body and tells its head", async () => {
  const { socket, clock, logged, outcome, audit } = startRun({ path: "/me" });
  await clock.advance(0);
  const { id, timeoutMs } = socket.last("api_request");
  assertEquals(timeoutMs, 2_147_483_647);
  socket.say({
    type: "api_response",
    id,
    status: 200,
    headers: { "content-type": "application/json", "set-cookie": "a=b" },
    body: "{}",
  });
  const { ok, code, result } = await outcome;
  assertEquals({ ok, code }, { ok: true, code: null });
  assertEquals(result?.status, 200);
  assertEquals(result?.content_type, "application/json");
  assertEquals(logged, ["{}"]);
  assertEquals(audit.rows[0]?.intent.actor, {
    name: "scheduler",
    source: "task",
    task_id: "task_1",
    run_id: "run_1",
  });
});

Deno.test("browserKind() fails a run whose site refuses", async () => {
  const { socket, clock, outcome } = startRun({ path: "/me" });
  await clock.advance(0);
  const { id } = socket.last("api_request");
  socket.say({ type: "api_response", id, status: 401, body: "log in" });
  const { ok, code, message } = await outcome;
  assertEquals(
    { ok, code, message },
    { ok: false, code: "SITE_REFUSED", message: "The site answered 401" },
  );
});

Deno.test("browserKind() logs a stream's events as they come", async () => {
  const { socket, clock, logged, outcome } = startRun({
    path: "/stream",
    response_mode: "sse",
  }, { timeoutMs: 5_000 });
  await clock.advance(0);
  const { id, timeoutMs } = socket.last("api_request");
  assertEquals(timeoutMs, 5_000);
  const headers = { "content-type": "text/event-stream" };
  socket.say({ type: "stream_open", id, status: 200, headers });
  socket.say({ type: "stream_event", id, seq: 0, chunk: "data: a\n\n" });
  socket.say({ type: "stream_end", id });
  assertEquals((await outcome).ok, true);
  assertEquals(logged, ["a\n"]);
});

Deno.test("browserKind() fails a run whose stream breaks off", async () => {
  const { socket, clock, outcome } = startRun({
    path: "/stream",
    response_mode: "sse",
  });
  await clock.advance(0);
  socket.drop();
  assertEquals((await outcome).code, "BROWSER_UNAVAILABLE");
});

Deno.test("browserKind() cancels the browser's request when the task is canceled", async () => {
  const stop = new AbortController();
  const { socket, clock, outcome } = startRun({ path: "/slow" }, {
    signal: stop.signal,
  });
  await clock.advance(0);
  stop.abort();
  assertEquals(socket.heard("request_cancel").length, 1);
  await assertRejects(() => outcome, AppError);
});

Deno.test("browserKind() fails a run while no browser is connected", async () => {
  const { socket, browser, outcome } = startRun({ path: "/" });
  socket.drop();
  await assertRejects(() => outcome, AppError);
  const second = browserKind(browser).run(
    requestBody.parse({ platform: "site", path: "/" }),
    {
      task_id: "task_2",
      run_id: "run_2",
      attempt: 1,
      timeout_ms: null,
      signal: new AbortController().signal,
      log: () => Promise.resolve(),
      note() {},
    },
  );
  const { code } = await assertRejects(() => second, AppError);
  assertEquals(code, "BROWSER_UNAVAILABLE");
});
