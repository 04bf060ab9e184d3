import { assert, assertEquals, assertMatch } from "@std/assert";
import { examplePath } from "../shared/describe/curl.ts";
import { fillIn, PlaceMissing } from "../shared/describe/places.ts";
import { Catalog } from "../shared/http/catalog.ts";
import { routes } from "./routes/mod.ts";
import { testConductor } from "./testing/test_conductor.ts";

Deno.test("conductor describes itself", async () => {
  await using conductor = await testConductor();
  const response = await conductor.server.get("/describe");
  assertEquals(response.status, 200);
  const { ok, data } = await response.json();
  assertEquals(ok, true);
  assertEquals(data.name, "baa-conductor-daemon");
  assertEquals(data.system.mode, "running");
  assertEquals(data.describe_endpoints.business.path, "/describe/business");
  assertEquals(data.describe_endpoints.control.path, "/describe/control");
  assertEquals(data.endpoints.length, routes.length);
});

Deno.test("conductor's catalog is valid and no route shadows another", () => {
  const catalog = new Catalog(routes);
  for (const route of routes) {
    const segments = route.path.split("/").map((part) =>
      part.startsWith(":") ? "example" : part
    );
    assertEquals(
      catalog.match(segments).methods.get(route.method)?.route.id,
      route.id,
    );
  }
});

for (const route of routes) {
  if (route.produces === "websocket" || route.produces === "sse") continue;
  Deno.test(`${route.id} answers its own example`, async () => {
    await using conductor = await testConductor();
    const places = { cwd: conductor.folder, file: "/etc/hosts" };
    let path: string;
    try {
      path = examplePath(route, places);
    } catch (error) {
      assert(error instanceof PlaceMissing);
      return;
    }
    const { body, headers } = fillIn(route.example ?? {}, places);
    const response = await conductor.server.send(route.method, path, {
      body,
      ...(headers !== undefined && { headers }),
    });
    const text = await response.text();
    assertEquals(response.status, route.status ?? 200, text);
    const produces = route.produces ?? "json";
    const answer = produces === "text" || produces === "html"
      ? text
      : produces === "document"
      ? JSON.parse(text)
      : JSON.parse(text).data;
    const result = route.data.safeParse(answer);
    assert(result.success, `${route.id}: ${result.error?.message}\n${text}`);
    assertMatch(response.headers.get("x-request-id") ?? "", /^req_/);
  });
}
