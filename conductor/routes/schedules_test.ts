import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Json } from "../../shared/testing/json.ts";
import type { Schedule } from "../store/mod.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

const TOKEN = "the-owner-4711-x9k2";
const YEARLY = {
  cron: "0 0 1 1 *",
  timezone: "Europe/Berlin",
  task: { title: "Yearly", kind: "exec", payload: { command: "true" } },
};

interface Answer {
  readonly status: number;
  readonly data: Json;
  readonly code: string | undefined;
  readonly issues:
    | readonly { readonly path: string; readonly message: string }[]
    | undefined;
}

async function ask(
  { server }: TestConductor,
  line: string,
  { body, as }: { readonly body?: unknown; readonly as?: string } = {},
): Promise<Answer> {
  const [method = "GET", path = "/"] = line.split(" ");
  const response = await server.send(method, path, {
    body,
    headers: as === undefined ? {} : { authorization: `Bearer ${as}` },
  });
  const { data, error } = await response.json();
  const { code, details } = error ?? {};
  return { status: response.status, data, code, issues: details?.issues };
}

Deno.test("A schedule is made, shown, replaced, listed and deleted", async () => {
  await using it = await testConductor();
  const made = await ask(it, "PUT /v1/schedules/a.b-c_1", { body: YEARLY });
  assertEquals(made.status, 201);
  const { next_at, created_at, updated_at, ...rest }: Schedule = made.data;
  assertEquals(
    rest,
    {
      name: "a.b-c_1",
      ...YEARLY,
      task: {
        ...YEARLY.task,
        priority: 0,
        max_attempts: 1,
        labels: [],
        retry_lost: false,
      },
      misfire: "skip",
      grace_ms: 60_000,
      overlap: "skip",
      enabled: true,
      last: null,
      missed: { from: null, to: null, count: 0, total: 0 },
    } as typeof rest,
  );
  assertStringIncludes(next_at ?? "", "-12-31T23:00:00.000Z");
  assertEquals(created_at, updated_at);
  const got = await ask(it, "GET /v1/schedules/a.b-c_1");
  assertEquals(got.data, made.data);

  const { timezone: _, ...local } = YEARLY;
  const off = { ...local, enabled: false };
  const again = await ask(it, "PUT /v1/schedules/a.b-c_1", { body: off });
  assertEquals([again.status, again.data.next_at, again.data.enabled], [
    200,
    null,
    false,
  ]);
  assertEquals(again.data.timezone, Temporal.Now.timeZoneId());
  assertEquals(again.data.created_at, created_at);
  await ask(it, "PUT /v1/schedules/newer", { body: YEARLY });
  const first = await ask(it, "GET /v1/schedules?limit=1");
  assertEquals(first.data.schedules[0].name, "newer");
  assertEquals("payload" in first.data.schedules[0].task, false);
  const cursor = first.data.next_cursor;
  const second = await ask(it, `GET /v1/schedules?limit=1&cursor=${cursor}`);
  assertEquals([second.data.count, second.data.next_cursor], [1, null]);
  assertEquals(second.data.schedules[0].name, "a.b-c_1");

  const gone = await ask(it, "DELETE /v1/schedules/a.b-c_1");
  assertEquals([gone.status, gone.data], [200, again.data]);
  for (
    const line of [
      "GET /v1/schedules/a.b-c_1",
      "DELETE /v1/schedules/a.b-c_1",
      "POST /v1/schedules/a.b-c_1/run",
      "GET /v1/schedules/No%20Name",
    ]
  ) {
    const { status, code } = await ask(it, line);
    assertEquals([status, code], [404, "NOT_FOUND"], line);
  }
});

Deno.test("run makes a task now, also of a schedule that is not enabled; DELETE leaves it", async () => {
  await using it = await testConductor();
  const body = { ...YEARLY, enabled: false };
  await ask(it, "PUT /v1/schedules/manual", { body });
  const ran = await ask(it, "POST /v1/schedules/manual/run");
  assertEquals(ran.data.next.length, 3);
  assertEquals([ran.status, ran.data.schedule], [201, "manual"]);
  assertEquals(ran.data.due_at, ran.data.created_at);
  const again = await ask(it, "POST /v1/schedules/manual/run", { body: {} });
  assert(again.data.task_id !== ran.data.task_id);
  const { data } = await ask(it, "GET /v1/schedules/manual");
  assertEquals(data.last.task_id, again.data.task_id);
  assertEquals(data.next_at, null);
  await ask(it, "DELETE /v1/schedules/manual");
  const task = await ask(it, `GET /v1/tasks/${ran.data.task_id}`);
  assertEquals([task.status, task.data.schedule], [200, "manual"]);
  await ask(it, "PUT /v1/schedules/manual", { body });
  await ask(it, "POST /v1/system/drain");
  const refused = await ask(it, "POST /v1/schedules/manual/run");
  assertEquals([refused.status, refused.code], [409, "SYSTEM_DRAINING"]);
});

Deno.test("What is wrong with a schedule is told by path, the task's as POST /v1/tasks does", async () => {
  await using it = await testConductor();
  const { task } = YEARLY;
  const wrong: readonly (readonly [string, unknown])[] = [
    ["cron", { ...YEARLY, cron: "0 0 30 2 *" }],
    ["cron", { ...YEARLY, cron: "0 0 0 * * *" }],
    ["timezone", { ...YEARLY, timezone: "Europe/Nowhere" }],
    ["misfire", { ...YEARLY, misfire: "later" }],
    ["grace_ms", { ...YEARLY, grace_ms: -1 }],
    ["overlap", { ...YEARLY, overlap: "kill" }],
    ["task.kind", { ...YEARLY, task: { ...task, kind: "mail" } }],
    ["task.title", { ...YEARLY, task: { ...task, title: "" } }],
    ["task.payload.command", {
      ...YEARLY,
      task: { ...task, payload: { command: "true", args: ["a"] } },
    }],
    ["task.timeout_ms", {
      ...YEARLY,
      task: { ...task, timeout_ms: 1, payload: { command: "a", timeoutMs: 1 } },
    }],
    ["task.not_before", {
      ...YEARLY,
      task: { ...task, not_before: "2999-01-01T00:00:00.000Z" },
    }],
    ["every", { ...YEARLY, every: "day" }],
  ];
  for (const [path, body] of wrong) {
    const { status, code, issues } = await ask(it, "PUT /v1/schedules/x", {
      body,
    });
    assertEquals([status, code], [400, "INVALID_INPUT"], path);
    assertEquals(issues?.[0]?.path, path);
  }
  for (const name of ["Upper", "-a", ".a", "a%20b", "a".repeat(65), "%C3%A4"]) {
    const { code, issues } = await ask(it, `PUT /v1/schedules/${name}`, {
      body: YEARLY,
    });
    assertEquals([code, issues?.[0]?.path], ["INVALID_INPUT", "name"], name);
  }
  assertEquals((await ask(it, "GET /v1/schedules")).data.count, 0);
});

Deno.test("env and stdin of a schedule are kept for its tasks, shown nowhere, and never lost by sending back what was shown", async () => {
  await using it = await testConductor();
  const secret = "planted-value-of-a-schedule";
  const payload = {
    command: 'test "$NAME" = "$(cat)" && echo same',
    env: { NAME: secret },
    stdin: secret,
  };
  const body = { ...YEARLY, task: { ...YEARLY.task, payload } };
  const made = await ask(it, "PUT /v1/schedules/x", { body });
  assertEquals(made.data.task.payload.env, { NAME: "***" });
  assertEquals(made.data.task.payload.stdin, "***");
  const ran = await ask(it, "POST /v1/schedules/x/run");
  const shown = [
    made.data,
    ran.data,
    (await ask(it, "GET /v1/schedules/x")).data,
    (await ask(it, "GET /v1/schedules")).data,
    (await ask(it, "GET /v1/audit")).data,
  ];
  assert(!JSON.stringify(shown).includes(secret));
  while (true) {
    const { data } = await ask(it, `GET /v1/tasks/${ran.data.task_id}`);
    if (data.status === "succeeded") break;
    assert(data.status !== "failed", JSON.stringify(data));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const again = await ask(it, "PUT /v1/schedules/x", {
    body: {
      ...YEARLY,
      task: { ...YEARLY.task, payload: shown[0].task.payload },
    },
  });
  assertEquals(again.issues?.map(({ path }) => path), [
    "task.payload.env.NAME",
    "task.payload.stdin",
  ]);
});

Deno.test("Scheduling work needs automate and the scope of its kind", async () => {
  await using it = await testConductor({ BAA_SHARED_TOKEN: TOKEN });
  const token = async (...scopes: string[]) => {
    const body = { name: `t-${scopes.join("-")}`, scopes };
    const made = await ask(it, "POST /v1/tokens", { body, as: TOKEN });
    return made.data.token as string;
  };
  const put = (as: string) =>
    ask(it, "PUT /v1/schedules/x", { body: YEARLY, as });
  const automate = await token("automate");
  assertEquals((await put(automate)).code, "SCOPE_REQUIRED");
  assertEquals((await put(await token("exec"))).code, "SCOPE_REQUIRED");
  assertEquals((await put(await token("automate", "exec"))).status, 201);
  const run = "POST /v1/schedules/x/run";
  assertEquals((await ask(it, run, { as: automate })).code, "SCOPE_REQUIRED");
  const read = await token("read");
  assertEquals(
    (await ask(it, "GET /v1/schedules/x", { as: read })).status,
    200,
  );
  const remove = "DELETE /v1/schedules/x";
  assertEquals((await ask(it, remove, { as: read })).code, "SCOPE_REQUIRED");
  assertEquals((await ask(it, remove, { as: automate })).status, 200);
});
