import { assert, assertEquals, assertMatch } from "@std/assert";
import { RecordingLogger } from "../../shared/testing/fakes.ts";
import { until } from "../../shared/testing/until.ts";
import { FakeCodexd } from "../codex/testing/fake_codexd.ts";
import { Receiver } from "../notify/testing/receiver.ts";
import type { Status } from "../status/contract.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

function test({ server }: TestConductor) {
  return server.data<
    { notification_id: string; delivered: boolean; reason: string | null }
  >("POST", "/v1/notify/test", {});
}

Deno.test("POST /v1/notify/test says that nobody is notified", async () => {
  await using it = await testConductor();
  const answer = await it.server.post("/v1/notify/test", {});
  const { error } = await answer.json();
  assertEquals([answer.status, error.code], [409, "CONFLICT"]);
  assertMatch(error.message, /BAA_NOTIFY_URL is not set/);
  const { notifications } = await it.server.data<Status>("GET", "/v1/status");
  assertEquals(notifications, null);
});

Deno.test("POST /v1/notify/test sends through the outbox, and says why it did not arrive", async () => {
  await using receiver = new Receiver();
  const url = new URL(`${receiver.url}?auth=canary-1`);
  const log = new RecordingLogger();
  await using it = await testConductor({ BAA_NOTIFY_URL: url.href }, { log });
  const { notification_id, ...outcome } = await test(it);
  assertEquals(outcome, { delivered: true, reason: null });
  const [received] = receiver.received;
  assertEquals([received?.id, received?.json.event], [
    notification_id,
    "notify.test",
  ]);
  assertEquals(received?.json.link, `${it.origin}/v1/status/ui`);

  await receiver.goAway();
  for (let n = 0; n < 3; n++) {
    const failed = await test(it);
    assertEquals(failed.delivered, false);
    assertMatch(failed.reason ?? "", /^the receiver cannot be reached: /);
  }
  const status = await it.server.data<Status>("GET", "/v1/status");
  assertEquals(status.notifications, { waiting: 3, failed: 0 });
  assert(
    status.degraded.some((it) => it.startsWith("notifications do not arrive")),
  );
  const seen = JSON.stringify([status, log.lines]);
  assert(!seen.includes("canary") && !seen.includes("/hook"));
});

Deno.test("conductor tells its owner's receiver of what Codex asks", async () => {
  await using receiver = new Receiver();
  await using codexd = new FakeCodexd();
  await using it = await testConductor({
    ...codexd.env,
    BAA_NOTIFY_URL: receiver.url.href,
  });
  await codexd.followed();
  codexd.ask("apr_4711");
  const [told] = await until(
    () => receiver.received,
    ({ length }) => length > 0,
  );
  assertEquals(told?.json.event, "approval.requested");
  assertEquals(told?.json.subject, "apr_4711");
  assertEquals(told?.json.link, `${it.origin}/v1/status/ui/codex`);
  assertEquals(Object.keys(told?.json ?? {}).length, 6);
});

Deno.test("conductor says what Codex asks where details are wanted, without secrets, as JSON and to ntfy", async () => {
  await using receiver = new Receiver();
  for (const format of ["json", "ntfy"]) {
    await using codexd = new FakeCodexd();
    await using _it = await testConductor({
      ...codexd.env,
      BAA_NOTIFY_URL: receiver.url.href,
      BAA_NOTIFY_FORMAT: format,
      BAA_NOTIFY_DETAILS: "1",
    });
    await codexd.followed();
    const command = `curl -u me:canary-1 host\r\nx-evil: 1 ${"y".repeat(400)}`;
    codexd.ask(`apr_${format}`, { item_id: "i", command, reason: "to look" });
    await until(() => receiver.received.length > 0);
    const [told] = receiver.received;
    assert(told !== undefined);
    const { title, message = told.body.split("\n")[0] ?? "" } = told.json;
    const { headers } = told.request;
    assertEquals(title ?? headers.get("title"), "Codex asks: command");
    assertMatch(
      message,
      /^command: curl -u me:\*\*\* host.*y…; reason: to look; Waits for an answer until 20/s,
    );
    assertEquals(headers.get("x-evil"), null);
    receiver.received.length = 0;
  }
});

Deno.test("conductor tells once of what Codex asked while it was away, however often it starts and connects", async () => {
  await using receiver = new Receiver();
  await using codexd = new FakeCodexd();
  const env = { ...codexd.env, BAA_NOTIFY_URL: receiver.url.href };
  {
    await using _before = await testConductor(env);
    await codexd.followed();
    codexd.ask("apr_1");
    await until(() => receiver.received, ({ length }) => length === 1);
  }
  codexd.ask("apr_2");
  {
    await using it = await testConductor(env);
    await until(() => receiver.received, ({ length }) => length === 2);
    await it.server.data("GET", "/v1/codex");
  }
  await using it = await testConductor(env);
  await codexd.followed();
  codexd.ask("apr_3");
  await until(() => receiver.received, ({ length }) => length >= 3);
  await it.server.data("GET", "/v1/codex");
  const { events } = await it.server.data<Events>("GET", "/v1/events?limit=99");
  const asked = events.filter(({ type }) =>
    type === "codex.approval_requested"
  );
  const ids = ["apr_1", "apr_2", "apr_3"];
  assertEquals(asked.map(({ data }) => data.approval_id), ids);
  assertEquals(receiver.received.map(({ json }) => json.subject), ids);
});

interface Events {
  readonly events: readonly {
    readonly type: string;
    readonly data: { readonly approval_id?: string };
  }[];
}
