import { assert, assertEquals } from "@std/assert";
import { SCOPES } from "../shared/http/mod.ts";
import { scopeMatrixTest } from "../shared/testing/scope_matrix.ts";
import { routes } from "./routes/mod.ts";
import { statusApiRoutes } from "./status/api/routes.ts";
import { testConductor } from "./testing/test_conductor.ts";

const TOKEN = "the-owner-4711-x9k2";

scopeMatrixTest("conductor", routes);
scopeMatrixTest("status-api", statusApiRoutes);

Deno.test("conductor's routes ask for the scope of what they do", () => {
  const asks: Readonly<Record<string, string>> = {
    "/v1/exec": "exec",
    "/v1/files/": "files",
    "/v1/codex": "codex",
    "/v1/browser/challenge": "none",
    "/v1/browser": "browser",
    "/ws/firefox": "admin",
    "/v1/audit": "admin",
    "/v1/logs": "admin",
    "/v1/tokens": "admin",
    "/v1/system/backup": "admin",
    "/v1/system/state": "none",
    "/v1/system/": "automate",
    "/v1/events": "read",
    "/v1/controllers": "read",
  };
  for (const { id, path, method, scope, exposure } of routes) {
    const [, known] = Object.entries(asks)
      .find(([start]) => path.startsWith(start)) ?? [];
    if (known !== undefined) assertEquals(scope, known, id);
    if (exposure === "public") assertEquals(scope, "none", id);
    if (
      /^\/v1\/(tasks|runs|schedules)/.test(path) && !path.includes("output")
    ) {
      assertEquals(scope, method === "GET" ? "read" : "automate", id);
    }
  }
});

Deno.test("every route of conductor refuses over HTTP whoever holds another scope", async () => {
  await using it = await testConductor({ BAA_SHARED_TOKEN: TOKEN });
  const { server } = it;
  for (const held of SCOPES) {
    const made = await server.post(
      "/v1/tokens",
      { name: `may-${held}`, scopes: [held] },
      {
        headers: { authorization: `Bearer ${TOKEN}` },
      },
    );
    const { token } = (await made.json()).data;
    for (const route of routes) {
      if (route.produces === "websocket") continue;
      // A body that no route takes: whoever passes the guard does nothing.
      const body = route.method === "GET"
        ? {}
        : route.form
        ? { form: { surprise: "1" } }
        : { body: { surprise: 1 } };
      const path = route.path.replace(/:\w+/g, "nothing");
      const answer = await server.send(route.method, path, {
        ...body,
        headers: { authorization: `Bearer ${token}` },
      });
      const passes = route.scope === "none" || route.scope === held ||
        route.scope === "read" || held === "admin";
      if (passes) {
        await answer.body?.cancel();
        assert(![401, 403].includes(answer.status), `${route.id} ${held}`);
      } else {
        const { error } = await answer.json();
        assertEquals(error.code, "SCOPE_REQUIRED", `${route.id} ${held}`);
        assertEquals(error.details.required, route.scope);
      }
    }
  }
});
