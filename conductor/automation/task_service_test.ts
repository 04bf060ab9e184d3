import { assertEquals, assertRejects } from "@std/assert";
import { AppError, invalidInput } from "../../shared/errors.ts";
import {
  AS_OWNER,
  FAILED,
  type Fixture,
  leading,
  newTask,
  OK,
} from "../testing/automation_fixture.ts";

const never = new AbortController().signal;

async function codeOf(action: () => unknown): Promise<string> {
  return (await assertRejects(async () => await action(), AppError)).code;
}

async function ended(it: Fixture): Promise<void> {
  for (const run of it.kind.runs) run.end(OK);
  await it.settle();
}

Deno.test("TaskService.create() queues a task with everything it was given", async () => {
  using it = await leading();
  const { task, replayed } = await it.tasks.create(
    newTask({
      title: "Sweep",
      payload: { deep: { ä: [1, null] } },
      priority: -3,
      max_attempts: 4,
      timeout_ms: 5000,
      labels: ["a", "b", "a"],
      retry_lost: true,
    }),
    AS_OWNER,
  );
  assertEquals(replayed, false);
  assertEquals(task, {
    task_id: "task_1",
    title: "Sweep",
    kind: "fake",
    status: "queued",
    priority: -3,
    labels: ["a", "b"],
    not_before: null,
    next_attempt_at: null,
    max_attempts: 4,
    attempts: 0,
    timeout_ms: 5000,
    effective_timeout_ms: 5000,
    retry_lost: true,
    survive: false,
    max_output_bytes: null,
    effective_max_output_bytes: null,
    retry_of: null,
    schedule: null,
    due_at: null,
    created_at: "2026-01-01T00:00:00.000Z",
    updated_at: "2026-01-01T00:00:00.000Z",
    started_at: null,
    finished_at: null,
    cancel_requested_at: null,
    error: null,
    payload: { deep: { ä: [1, null] } },
  });
  await it.settle();
  await ended(it);
});

Deno.test("TaskService.get() shows the task with its latest run", async () => {
  using it = await leading();
  const { task } = await it.tasks.create(newTask(), AS_OWNER);
  assertEquals(it.tasks.get(task.task_id).latest_run, null);
  await it.clock.advance(5);
  assertEquals(it.tasks.get(task.task_id).latest_run, {
    run_id: "run_1",
    task_id: "task_1",
    attempt: 1,
    controller_id: "mini-main",
    instance_id: "instance_1",
    term: 1,
    status: "running",
    started_at: "2026-01-01T00:00:00.000Z",
    finished_at: null,
    outcome: null,
  });
  it.kind.at(0).end(OK);
  await it.settle();
  const { status, latest_run, finished_at } = it.tasks.get(task.task_id);
  assertEquals(status, "succeeded");
  assertEquals(latest_run?.status, "succeeded");
  assertEquals(latest_run?.outcome, OK);
  assertEquals(latest_run?.finished_at, finished_at);
  assertEquals(await codeOf(() => it.tasks.get("nope")), "NOT_FOUND");
});

Deno.test("TaskService.create() refuses what it does not know, saying what it does", async () => {
  using it = await leading();
  const error = await assertRejects(
    () => it.tasks.create(newTask({ kind: "nope" }), AS_OWNER),
    AppError,
  );
  assertEquals(error.code, "INVALID_INPUT");
  assertEquals(error.details, {
    issues: [{ path: "kind", message: "must be one of fake" }],
  });
  const large = newTask({ payload: { text: "x".repeat(1_048_576) } });
  assertEquals(
    await codeOf(() => it.tasks.create(large, AS_OWNER)),
    "INVALID_INPUT",
  );
});

Deno.test("TaskService.create() gives the same task for the same key and body", async () => {
  using it = await leading();
  it.system.setMode("paused", {});
  const first = await it.tasks.create(newTask({ payload: { a: 1, b: 2 } }), {
    ...AS_OWNER,
    key: "key",
  });
  const again = await it.tasks.create(newTask({ payload: { b: 2, a: 1 } }), {
    ...AS_OWNER,
    key: "key",
  });
  assertEquals(again, { task: first.task, replayed: true });
  assertEquals(
    await codeOf(() =>
      it.tasks.create(newTask({ title: "other" }), { ...AS_OWNER, key: "key" })
    ),
    "CONFLICT",
  );
  it.system.setMode("draining", {});
  assertEquals(
    await it.tasks.create(newTask({ payload: { a: 1, b: 2 } }), {
      ...AS_OWNER,
      key: "key",
    }),
    {
      task: first.task,
      replayed: true,
    },
  );
  assertEquals(it.tasks.list({}, { limit: 9 }).items.length, 1);
});

Deno.test("TaskService.create() accepts tasks while paused, none while draining", async () => {
  using it = await leading();
  it.system.setMode("paused", {});
  await it.tasks.create(newTask(), AS_OWNER);
  it.system.setMode("draining", {});
  assertEquals(
    await codeOf(() => it.tasks.create(newTask(), AS_OWNER)),
    "SYSTEM_DRAINING",
  );
  await it.clock.advance(1000);
  assertEquals(it.kind.runs.length, 0);
  assertEquals(it.system.state().queue.queued_tasks, 1);
});

Deno.test("TaskService.cancel() ends a queued task at once", async () => {
  using it = await leading();
  it.system.setMode("paused", {});
  const { task } = await it.tasks.create(newTask(), AS_OWNER);
  const canceled = await it.tasks.cancel(task.task_id, never);
  assertEquals(canceled.status, "canceled");
  assertEquals(canceled.latest_run, null);
  assertEquals((await it.tasks.cancel(task.task_id, never)).status, "canceled");
  it.system.setMode("running", {});
  await it.clock.advance(1000);
  assertEquals(it.kind.runs.length, 0);
});

Deno.test("TaskService.cancel() stops a running task and answers when it has ended", async () => {
  using it = await leading();
  const { task } = await it.tasks.create(
    newTask({ max_attempts: 5 }),
    AS_OWNER,
  );
  await it.settle();
  const canceled = await it.tasks.cancel(task.task_id, never);
  assertEquals(it.kind.at(0).context.signal.aborted, true);
  assertEquals(canceled.status, "canceled");
  assertEquals(canceled.latest_run?.status, "canceled");
  assertEquals(canceled.latest_run?.outcome?.code, "CANCELED");
  await it.clock.advance(600_000);
  assertEquals(it.kind.runs.length, 1, "a canceled task is not retried");
});

Deno.test("TaskService.cancel() does not wait for ever, and the task ends all the same", async () => {
  using it = await leading();
  const { task } = await it.tasks.create(newTask(), AS_OWNER);
  await it.settle();
  const { context } = it.kind.at(0);
  const stubborn = Promise.withResolvers<typeof OK>();
  it.kind.run = () => stubborn.promise;
  const second = (await it.tasks.create(newTask(), AS_OWNER)).task.task_id;
  await it.settle();
  const answer = it.tasks.cancel(second, never);
  await it.clock.advance(10_000);
  assertEquals((await answer).status, "running");
  await it.clock.advance(5000);
  assertEquals(it.tasks.get(second).status, "canceled");
  assertEquals(context.signal.aborted, false);
  stubborn.resolve(OK);
  await ended(it);
  assertEquals(it.tasks.get(task.task_id).status, "succeeded");
});

Deno.test("TaskService.cancel() refuses a task that has ended, and one that is not there", async () => {
  using it = await leading();
  const { task } = await it.tasks.create(newTask(), AS_OWNER);
  await it.settle();
  it.kind.at(0).end(FAILED);
  await it.settle();
  const error = await assertRejects(
    () => it.tasks.cancel(task.task_id, never),
    AppError,
  );
  assertEquals(error.code, "CONFLICT");
  const missing = await assertRejects(
    () => it.tasks.cancel("nope", never),
    AppError,
  );
  assertEquals(missing.code, "NOT_FOUND");
});

Deno.test("A task that takes longer than timeout_ms is stopped and has failed", async () => {
  using it = await leading();
  const { task } = await it.tasks.create(
    newTask({ timeout_ms: 5000 }),
    AS_OWNER,
  );
  await it.clock.advance(4999);
  assertEquals(it.kind.at(0).context.signal.aborted, false);
  await it.clock.advance(1);
  const { status, error, latest_run } = it.tasks.get(task.task_id);
  assertEquals([status, error?.code], ["failed", "TASK_TIMEOUT"]);
  assertEquals(latest_run?.outcome?.message, error?.message);
});

Deno.test("A task without timeout_ms has an hour, 0 and null mean none, and a limit in the payload is the task's", async () => {
  using it = await leading({ width: 9 });
  for (
    const [rest, shown, effective] of [
      [{}, null, 3_600_000],
      [{ timeout_ms: 0 }, 0, null],
      [{ timeout_ms: null }, null, null],
      [{ timeout_ms: 7 }, 7, 7],
      [{ payload: { timeoutMs: 8 } }, 8, 8],
      [{ payload: { timeout_ms: 9 } }, 9, 9],
      [{ payload: { timeoutMs: 0 } }, 0, null],
    ] as const
  ) {
    const { task } = await it.tasks.create(newTask(rest), AS_OWNER);
    const { timeout_ms, effective_timeout_ms } = task;
    assertEquals([timeout_ms, effective_timeout_ms], [shown, effective]);
    await it.settle();
    const { context } = it.kind.at(it.kind.runs.length - 1);
    assertEquals(context.timeout_ms, effective);
  }
  await it.clock.advance(3_599_999);
  const running = () =>
    it.kind.runs.filter(({ context }) => !context.signal.aborted).length;
  assertEquals(running(), 4);
  await it.clock.advance(1);
  assertEquals(running(), 3);
  for (const timeout_ms of [null, 0, 5]) {
    const both = newTask({ timeout_ms, payload: { timeoutMs: 5 } });
    const error = await assertRejects(
      () => it.tasks.create(both, AS_OWNER),
      AppError,
    );
    assertEquals(error.code, "INVALID_INPUT");
  }
  await ended(it);
});

Deno.test("A run that fails otherwise when it is canceled says CANCELED", async () => {
  using it = await leading();
  const { task } = await it.tasks.create(newTask({ timeout_ms: 10 }), AS_OWNER);
  it.kind.run = (_payload, { signal }) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        it.clock.after(100, () => resolve(FAILED));
      });
    });
  await it.clock.advance(10);
  const canceled = it.tasks.cancel(task.task_id, new AbortController().signal);
  await it.clock.advance(100);
  const { status, error, latest_run } = await canceled;
  assertEquals([status, error?.code], ["canceled", "CANCELED"]);
  assertEquals(latest_run?.outcome?.code, "CANCELED");
});

Deno.test("A run whose work throws has failed, and the others go on", async () => {
  using it = await leading();
  const { run } = it.kind;
  it.kind.run = () => Promise.reject(new Error("a fault"));
  const { task } = await it.tasks.create(newTask(), AS_OWNER);
  await it.settle();
  assertEquals(it.tasks.get(task.task_id).error, {
    code: "INTERNAL",
    message: "a fault",
  });
  it.kind.run = () => Promise.reject(new AppError("CODEXD_UNAVAILABLE"));
  const away = (await it.tasks.create(newTask(), AS_OWNER)).task;
  await it.settle();
  assertEquals(it.tasks.get(away.task_id).error?.code, "CODEXD_UNAVAILABLE");
  it.kind.run = () => Promise.reject(invalidInput("url", "it is refused"));
  const { task: refused } = await it.tasks.create(newTask(), AS_OWNER);
  await it.settle();
  const { error } = it.tasks.get(refused.task_id);
  assertEquals(error, {
    code: "INVALID_INPUT",
    message: "Cannot accept the request: url: it is refused",
  });
  it.kind.run = run;
  await it.tasks.create(newTask(), AS_OWNER);
  await it.settle();
  assertEquals(it.kind.runs.length, 1);
  await ended(it);
});
