import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Database as Connection } from "@db/sqlite";
import { testConductor } from "./testing/test_conductor.ts";

const TASK = { title: "t", kind: "exec", payload: { command: "true" } };

/** Starts a conductor whose audit trail cannot be written, but all else can. */
async function withoutTrail(env: Readonly<Record<string, string>>) {
  const conductor = await testConductor(env);
  const raw = new Connection(
    join(conductor.folder, "state", "conductor", "conductor.db"),
    { int64: true },
  );
  raw.exec("PRAGMA busy_timeout = 5000; DELETE FROM audit_head");
  const mode = () => raw.prepare("SELECT mode FROM automation").value()?.[0];
  const tasks = () => raw.prepare("SELECT count(*) FROM tasks").value()?.[0];
  return {
    conductor,
    seen: () => [mode(), tasks()],
    async [Symbol.asyncDispose]() {
      raw.close();
      await conductor[Symbol.asyncDispose]();
    },
  };
}

Deno.test("enforced audit writes no row of work whose intent it cannot write in the same transaction", async () => {
  await using it = await withoutTrail({ BAA_AUDIT: "enforced" });
  const { server } = it.conductor;
  for (
    const [path, body] of [
      ["/v1/tasks", TASK],
      ["/v1/system/pause", {}],
      ["/v1/exec", { command: "true" }],
    ] as const
  ) {
    const response = await server.post(path, body);
    const { error } = await response.json();
    assertEquals([response.status, error.code], [503, "NOT_READY"], path);
    assertEquals(/audit trail/.test(error.message), true, error.message);
  }
  assertEquals(it.seen(), ["running", 0]);
});

Deno.test("audit that is on lets rows of work through that its trail cannot take, and says so", async () => {
  await using it = await withoutTrail({});
  const { server } = it.conductor;
  assertEquals((await server.post("/v1/system/pause", {})).status, 200);
  const ends = await Promise.all(
    Array.from({ length: 8 }, () => server.post("/v1/tasks", TASK)),
  );
  assertEquals(ends.map(({ status }) => status), Array(8).fill(201));
  for (const end of ends) await end.body?.cancel();
  assertEquals(it.seen(), ["paused", 8]);
  const { degraded } = await server.data<{ degraded: string[] }>(
    "GET",
    "/health",
  );
  assertEquals(
    degraded.filter((it) => it.includes("audit trail cannot")).length,
    1,
  );
});
