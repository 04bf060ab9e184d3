import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  AS_OWNER,
  FAILED,
  newTask,
  sharedDatabase,
} from "../testing/automation_fixture.ts";
import { type NotifyFixture, notifying } from "./testing/notify_fixture.ts";
import { Receiver } from "./testing/receiver.ts";

/** Fails a task of two attempts; returns its id. */
async function failTwice(it: NotifyFixture): Promise<string> {
  const { task } = await it.tasks.create(
    newTask({
      title: "Pay rent with ghp_0123456789abcdef",
      payload: { command: "pay --password hunter2 rent", env: { A: "secret" } },
      max_attempts: 2,
    }),
    AS_OWNER,
  );
  await it.settle();
  it.kind.at(0).end({ ...FAILED, message: "exit 3: password=hunter2" });
  await it.quiet();
  assertEquals(it.store.stores.notifications.counts().waiting, 0);
  await it.pass(1000);
  it.kind.at(1).end({ ...FAILED, message: "exit 3: password=hunter2" });
  await it.quiet();
  return task.task_id;
}

Deno.test("Notifier tells of a task that has failed for good, by its id alone", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url });
  const taskId = await failTwice(it);
  const [told] = receiver.received;
  assert(told !== undefined && receiver.received.length === 1);
  const { json, request } = told;
  assertEquals(json, {
    id: json.id ?? "",
    event: "task.failed",
    subject: taskId,
    at: "2026-01-01T00:00:01.000Z",
    node: "mini-main",
    link: `http://mini.test:4317/v1/status/ui/tasks/${taskId}`,
  });
  assertMatch(json.id ?? "", /^notification_/);
  assertEquals(request.headers.get("content-type"), "application/json");
  assertEquals(request.headers.get("x-baa-signature"), null);
  assertEquals(it.notifier.counts(), { waiting: 0, failed: 0 });
});

Deno.test("Notifier says titles and messages when it is asked to, without secrets", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url, withDetails: true });
  await failTwice(it);
  const { title, message } = receiver.received[0]?.json ?? {};
  assertEquals(title, "Failed: Pay rent with ***");
  assertEquals(
    message,
    "command: pay --password *** rent; exit 3: password=***",
  );
});

Deno.test("Notifier tells of approvals, missed schedules and crashes, with the page of each", async () => {
  await using file = await sharedDatabase();
  await using receiver = new Receiver();
  const url = receiver.url;
  {
    const dead = await notifying({ path: file.path, instance: "dead", url });
    dead.store.events.record("codex.approval_requested", {
      approval_id: "apr_1",
      session_id: "session-1",
      turn_id: "turn-1",
      kind: "command",
      expires_at: "2026-01-01T00:02:00.000Z",
    });
    await dead.quiet();
    dead.tell("nightly");
    await dead.quiet();
    // As a kill does: the lock is gone, the lease is not given back.
    await dead.notifier.stop();
    dead.store.close();
    const lock = `${file.folder}/instances/dead.lock`;
    await Deno.writeTextFile(lock, "");
  }
  await using it = await notifying({ path: file.path, instance: "next", url });
  await it.quiet();
  assertEquals(
    receiver.received.map(({ json }) => [json.event, json.subject, json.link]),
    [
      [
        "approval.requested",
        "apr_1",
        "http://mini.test:4317/v1/status/ui/codex",
      ],
      [
        "schedule.missed",
        "nightly",
        "http://mini.test:4317/v1/status/ui/schedules",
      ],
      [
        "daemon.crashed",
        "conductor",
        "http://mini.test:4317/v1/status/ui/node",
      ],
    ],
  );
});

Deno.test("Notifier says nothing of a stop that was clean, and nothing that was not asked for", async () => {
  await using file = await sharedDatabase();
  await using receiver = new Receiver();
  const common = { path: file.path, url: receiver.url };
  {
    const first = await notifying({ ...common, instance: "first" });
    await first.notifier.stop();
    first.release();
    first.store.close();
  }
  await using it = await notifying({
    ...common,
    instance: "second",
    on: ["task.failed", "daemon.crashed"],
  });
  it.tell("nightly");
  await it.quiet();
  assertEquals(receiver.received, []);
  assertEquals(it.notifier.counts(), { waiting: 0, failed: 0 });
});

Deno.test("Notifier tells nothing of what was rolled back", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url });
  try {
    it.leadership.write(() => {
      it.tell("never");
      throw new Error("rolled back");
    });
  } catch { /* meant */ }
  await it.quiet();
  it.tell("nightly");
  await it.quiet();
  assertEquals(receiver.received.map(({ json }) => json.subject), ["nightly"]);
});
