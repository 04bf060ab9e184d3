import { assert, assertEquals } from "@std/assert";
import { routes } from "./routes/mod.ts";
import { type TestConductor, testConductor } from "./testing/test_conductor.ts";

const PUBLIC_BASE = "https://conductor.makefile.so";
const TOKEN = "canary-token-1234";
const OPEN = [
  "/describe",
  "/describe/business",
  "/describe/control",
  "/v1/capabilities",
  "/openapi.json",
  "/health",
  "/version",
  "/healthz",
  "/readyz",
  "/rolez",
  "/v1/system/state",
];

function publicConductor(): Promise<TestConductor> {
  return testConductor({
    BAA_CONDUCTOR_PUBLIC_API_BASE: PUBLIC_BASE,
    BAA_SHARED_TOKEN: TOKEN,
  });
}

/** Asks as a proxy in front of the daemon does. */
async function ask(
  { server }: TestConductor,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const response = await server.get(path, {
    headers: { ...headers, "x-forwarded-for": "10.0.0.1" },
  });
  assertEquals(response.status, 200, path);
  return await response.text();
}

Deno.test("conductor tells the public zone nothing of what is not exposed to it", async () => {
  await using conductor = await publicConductor();
  const texts = await Promise.all(OPEN.map((path) => ask(conductor, path)));
  const text = texts.join("\n");
  for (const { exposure, path, id } of routes) {
    if (exposure === "public") continue;
    const start = path.replace(/\/:.*/, "");
    const shared = routes.some((it) =>
      it.exposure === "public" && it.path.startsWith(start)
    );
    if (!shared) assert(!text.includes(start), `${path} is told`);
    assert(!text.includes(`"${id}"`), `${id} is told`);
  }
  for (
    const secret of [
      conductor.folder,
      conductor.origin,
      Deno.cwd(),
      TOKEN,
      "/ws/firefox",
    ]
  ) assert(!text.includes(secret), `${secret} is told`);
  assert(text.includes(`curl '${PUBLIC_BASE}/version'`));
});

Deno.test("conductor reduces system state and health in the public zone", async () => {
  await using conductor = await publicConductor();
  const keysOf = async (path: string) =>
    Object.keys(JSON.parse(await ask(conductor, path)).data).sort();
  assertEquals(await keysOf("/v1/system/state"), [
    "health",
    "mode",
    "uptime_ms",
    "version",
  ]);
  assertEquals(await keysOf("/health"), ["status", "uptime_ms", "version"]);
});

Deno.test("conductor shows the token's holder what the token opens, and no more", async () => {
  await using conductor = await publicConductor();
  const headers = { authorization: `Bearer ${TOKEN}` };
  const { data } = JSON.parse(await ask(conductor, "/describe", headers));
  const seen = data.endpoints.map((it: { id: string }) => it.id).sort();
  const expected = routes.filter((it) => it.exposure !== "local")
    .map((it) => it.id).sort();
  assertEquals(seen, expected);
});
