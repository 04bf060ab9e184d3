import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Status } from "../contract.ts";
import { systemClock } from "../../../shared/clock.ts";
import { AppError } from "../../../shared/errors.ts";
import { testConductor } from "../../testing/test_conductor.ts";
import { Upstream } from "./upstream.ts";

/** A conductor that answers as `handler` says. */
function serve(handler: (path: string) => Response | Promise<Response>) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => handler(new URL(request.url).pathname),
  );
  const base = new URL(`http://127.0.0.1:${server.addr.port}`);
  return {
    upstream: new Upstream(base, systemClock),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function envelope(data: unknown): Response {
  return Response.json({ ok: true, request_id: "req_1", data });
}

Deno.test("Upstream.read() gives what conductor gives", async () => {
  await using conductor = await testConductor();
  await using it = serve((path) => conductor.server.get(path));
  const { state, status } = await it.upstream.read();
  assertEquals(state["mode"], "running");
  assertEquals(Status.parse(status).node.controller_id, "mini-main");
});

Deno.test("Upstream.read() makes a status of the state alone, and says so", async () => {
  const leader = {
    controller_id: "mini-main",
    host: "mini",
    term: 3,
    lease_expires_at: "2026-01-01T00:00:00.000Z",
    instance_id: "of a later version",
  };
  await using it = serve((path) =>
    path === "/v1/system/state"
      ? envelope({ mode: "paused", leader, queue: "nonsense" })
      : new Response(null, { status: 404 })
  );
  const { status } = await it.upstream.read();
  const full = Status.parse(status);
  assertEquals([full.mode, full.leader?.term, full.version], [
    "paused",
    3,
    "unknown",
  ]);
  assertEquals(full.queue, { active_runs: 0, queued_tasks: 0 });
  assertStringIncludes(full.degraded.join(), "its state only");
});

Deno.test("Upstream.read() says what is wrong with whatever answers there", async () => {
  for (
    const [answer, reason] of [
      [() => new Response("hello"), "answers /v1/system/state with 200"],
      [() => new Response("no", { status: 503 }), "with 503"],
      [() => Response.json({ ok: true, data: [] }), "with 200"],
      [() => Response.redirect("http://127.0.0.1:1/"), "redirect"],
      [() => new Response("x".repeat(2_000_000)), "too long"],
    ] as const
  ) {
    await using it = serve(answer);
    const error = await assertRejects(() => it.upstream.read(), AppError);
    assertEquals(error.code, "UPSTREAM_FAILED");
    assertStringIncludes(error.message, reason);
  }
});

Deno.test("Upstream.read() asks once for requests that overlap", async () => {
  let asked = 0;
  await using it = serve(() => {
    asked++;
    return envelope({ mode: "running" });
  });
  await Promise.all([it.upstream.read(), it.upstream.read()]);
  // The state and the status.
  assertEquals(asked, 2);
  await it.upstream.read();
  assertEquals(asked, 4);
});
