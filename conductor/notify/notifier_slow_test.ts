import { assert, assertEquals } from "@std/assert";
import { until } from "../../shared/testing/until.ts";
import { notifying } from "./testing/notify_fixture.ts";
import { Receiver } from "./testing/receiver.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

Deno.test("Notifier delivers each of a thousand to a receiver that was down for a day, in order per subject", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url, secret: "s3cret-key" });
  const { notifications } = it.store.stores;
  await receiver.goAway();
  const end = it.clock.now() + DAY;
  /** Lets pass `ms`, from one attempt to the next. */
  const pass = async (ms: number) => {
    const until = it.clock.now() + ms;
    while (it.clock.now() < until) {
      const next = notifications.nextAt() ?? Infinity;
      await it.pass(Math.max(1, Math.min(next, until) - it.clock.now()));
    }
  };
  const told: string[] = [];
  for (let n = 0; n < 1000; n++) {
    const subject = `schedule-${n * n % 23}`;
    it.tell(subject);
    told.push(subject);
    if (n % 50 === 49) await pass(DAY / 20);
  }
  assertEquals(it.notifier.counts(), { waiting: 1000, failed: 0 });
  assert(it.clock.now() >= end);
  receiver.comeBack();
  // Loses an answer now and then: what it took comes again.
  let count = 0;
  receiver.answer = () =>
    new Response(null, { status: ++count % 97 === 0 ? 503 : 200 });
  await pass(HOUR);
  assertEquals(it.notifier.counts(), { waiting: 0, failed: 0 });
  assertEquals(new Set(receiver.ids).size, 1000);
  assertEquals(receiver.ids.length, count);
  assert(count > 1000);
  const seen = new Set<string>();
  const order = receiver.received.filter(({ id }) =>
    !seen.has(id) && seen.add(id)
  );
  for (const subject of new Set(told)) {
    const numbers = order.filter(({ json }) => json.subject === subject)
      .map(({ id }) => Number(id.split("_")[1]));
    assertEquals(numbers, numbers.toSorted((a, b) => a - b));
    assertEquals(numbers.length, told.filter((it) => it === subject).length);
  }
});

Deno.test("Notifier keeps as failed what nobody took for a day, and goes on behind it", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url });
  receiver.answer = () => new Response(null, { status: 500 });
  it.tell("a");
  await it.quiet();
  for (let hour = 0; hour < 24; hour++) await it.pass(HOUR - 1);
  assertEquals(it.notifier.counts(), { waiting: 1, failed: 0 });
  it.tell("a");
  receiver.answer = ({ id }) =>
    new Response(null, { status: id === receiver.ids[0] ? 500 : 200 });
  await it.pass(HOUR);
  assertEquals(it.notifier.counts(), { waiting: 0, failed: 1 });
  assertEquals(new Set(receiver.ids).size, 2);
  const [given] = it.log.lines.filter(({ level }) => level === "error");
  assertEquals(given?.message, "A notification is given up");
  // Retention takes it a month later.
  await it.clock.jump(31 * 24 * HOUR);
  await it.pass(2 * MINUTE);
  assertEquals(it.notifier.counts(), { waiting: 0, failed: 0 });
});

Deno.test("Notifier keeps ten thousand at most, and gives up the oldest beyond", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url, on: [] });
  const { notifications } = it.store.stores;
  const at = it.clock.now();
  it.leadership.write(() => {
    for (let n = 0; n < 11_005; n++) {
      notifications.insert({
        notification_id: `n_${n}`,
        event: "schedule.missed",
        subject: `subject ${n % 7}`,
        at,
        details: null,
      }, new Map());
    }
  });
  assertEquals(notifications.counts(), { waiting: 10_000, failed: 1000 });
  assertEquals(
    it.store.db.all(
      `SELECT count(*) AS n FROM notifications GROUP BY failed_at IS NULL`,
    ),
    [{ n: 1000 }, { n: 10_000 }],
  );
  const due = notifications.due(at, 99).map((it) => it.notification_id);
  assertEquals(due.length, 7);
  assertEquals(due[0], "n_1005");
});

Deno.test("Notifier gives up none that is being sent, so that none of its subject overtakes it", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url });
  const { promise, resolve } = Promise.withResolvers<Response>();
  receiver.answer = () => promise;
  for (const subject of ["a", "a", "b"]) it.tell(subject);
  await it.settle();
  await until(() => receiver.received.length === 2);
  const [first] = receiver.ids;
  const { store } = it;
  it.leadership.write(() => {
    for (let n = 0; n < 10_000; n++) {
      store.stores.notifications.insert({
        notification_id: `later_${n}`,
        event: "schedule.missed",
        subject: "later",
        at: it.clock.now() + HOUR,
        details: null,
      }, new Map([[1, 0], [3, 0]]));
    }
  });
  const given = () =>
    store.db.all<{ subject: string; seq: number }>(
      "SELECT subject, seq FROM notifications WHERE failed_at IS NOT NULL",
    );
  // Of its first one a receiver knows, which is not its last.
  assertEquals(given(), [
    { subject: "a", seq: 2 },
    { subject: "later", seq: 4 },
    { subject: "later", seq: 5 },
  ]);
  it.tell("c");
  await it.settle();
  assertEquals(given().at(-1), { subject: "later", seq: 6 });
  resolve(new Response(null, { status: 500 }));
  receiver.answer = () => new Response();
  await it.settle();
  await it.clock.advance(5000);
  await until(() => receiver.ids.filter((id) => id === first).length === 2);
});
