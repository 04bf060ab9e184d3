import { assert, assertEquals, assertMatch } from "@std/assert";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { until } from "../../shared/testing/until.ts";
import { LEASE_MS, sharedDatabase } from "../testing/automation_fixture.ts";
import { notifying } from "./testing/notify_fixture.ts";
import { Receiver } from "./testing/receiver.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

Deno.test("Notifier tries again after 5 s, doubled, in order per subject, and holds no other subject back", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url });
  receiver.answer = ({ json }) =>
    new Response(null, { status: json.subject === "a" ? 500 : 200 });
  it.tell("a");
  await it.pass(1);
  it.tell("a");
  it.tell("b");
  await it.quiet();
  const times: number[] = [];
  receiver.answer = () => {
    times.push(it.clock.now() - Date.parse("2026-01-01T00:00:00Z"));
    return new Response(null, { status: 503 });
  };
  for (let second = 0; second < 160; second++) await it.pass(1000);
  assertEquals(times.map((it) => Math.round(it / 1000)), [5, 15, 35, 75, 155]);
  const subjects = receiver.received.map(({ json }) => json.subject);
  assertEquals(subjects, ["a", "b", "a", "a", "a", "a", "a"]);
  receiver.answer = () => new Response();
  await it.pass(HOUR);
  const ids = receiver.ids.slice(-2);
  assert(
    ids[0] === receiver.ids[0] &&
      !receiver.ids.slice(0, -1).includes(ids[1] ?? ""),
  );
  assertEquals(it.notifier.counts(), { waiting: 0, failed: 0 });
});

Deno.test("Notifier outlasts receivers that fail, redirect or talk without end", async () => {
  await using elsewhere = new Receiver();
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url });
  const answers: [() => Response, boolean][] = [
    [() => new Response("secret \x1b[31m", { status: 500 }), false],
    [() => Response.redirect(elsewhere.url, 307), false],
    [() => Response.redirect(elsewhere.url, 301), false],
    [() => new Response(endless(), { status: 503 }), false],
    [() => new Response(endless()), true],
  ];
  for (const [index, [answer, isTaken]] of answers.entries()) {
    receiver.answer = answer;
    it.tell(`subject ${index}`);
    await it.quiet();
    assertEquals(it.notifier.counts().waiting, isTaken ? 0 : 1, String(answer));
    receiver.answer = () => new Response();
    await it.pass(5000);
    assertEquals(it.notifier.counts().waiting, 0);
  }
  assertEquals(elsewhere.received, []);
  assert(!JSON.stringify(it.log.lines).includes("secret"));
});

/** Says more than anybody can keep. */
function endless(): ReadableStream {
  const block = new Uint8Array(1_048_576);
  return new ReadableStream({ pull: (it) => it.enqueue(block) });
}

Deno.test("Notifier gives up an attempt after 10 s without an answer, and makes four at once", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url });
  const stalled = Promise.withResolvers<Response>();
  receiver.answer = () => stalled.promise;
  for (let n = 0; n < 9; n++) it.tell(`subject ${n}`);
  await it.settle();
  await until(() => receiver.received.length === 4);
  await it.clock.advance(9999);
  assertEquals(receiver.received.length, 4);
  await it.clock.advance(1);
  await until(() => receiver.received.length === 8);
  assertEquals(it.notifier.counts(), { waiting: 9, failed: 0 });
  assertEquals(
    it.notifier.trouble,
    "notifications do not arrive: the receiver did not answer within 10 s",
  );
  stalled.resolve(new Response());
  receiver.answer = () => new Response();
  await it.quiet();
  assertEquals(it.notifier.counts().waiting, 0);
  assertEquals(it.notifier.trouble, undefined);
});

Deno.test("Notifier says why a receiver cannot be reached, and nothing of its address", async () => {
  await using receiver = new Receiver();
  const url = new URL(receiver.url);
  url.username = "me";
  url.password = "canary-1";
  url.search = "?auth=canary-2";
  await using it = await notifying({ url });
  await receiver.goAway();
  for (const subject of ["a", "b", "c"]) it.tell(subject);
  await it.quiet();
  assertMatch(
    it.notifier.trouble ?? "",
    /^notifications do not arrive: the receiver cannot be reached: client error \(Connect\): .*refused/,
  );
  const rows = it.store.stores.notifications.due(Infinity, 9);
  assert(!JSON.stringify([rows, it.log.lines]).includes("canary"));
  receiver.comeBack();
  await it.pass(5000);
  assertEquals(receiver.received.length, 3);
  const [{ request } = { request: new Request("http://x") }] =
    receiver.received;
  assertEquals(
    request.headers.get("authorization"),
    `Basic ${btoa("me:canary-1")}`,
  );
});

Deno.test("Notifier sends everything as soon as an absent receiver takes one", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url });
  await receiver.goAway();
  for (let n = 0; n < 20; n++) it.tell(`subject ${n}`);
  await it.quiet();
  for (let hour = 0; hour < 3; hour++) await it.pass(HOUR);
  receiver.comeBack();
  it.tell("news");
  await it.quiet();
  assertEquals(it.notifier.counts(), { waiting: 0, failed: 0 });
  assertEquals(new Set(receiver.ids).size, 21);
});

Deno.test("Notifier does not hurry what one receiver refuses while it takes the others", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url });
  receiver.answer = ({ json }) =>
    new Response(null, { status: json.subject === "bad" ? 400 : 200 });
  it.tell("bad");
  await it.quiet();
  for (let n = 0; n < 50; n++) {
    it.tell(`good ${n}`);
    await it.pass(100);
  }
  const bad = receiver.received.filter(({ json }) => json.subject === "bad");
  assertEquals(bad.length, 2);
});

Deno.test("Notifier gives nothing up because the machine slept, or its clock was set", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url });
  receiver.answer = () => new Response(null, { status: 500 });
  it.tell("a");
  await it.quiet();
  await it.clock.jump(2 * 24 * HOUR);
  await it.quiet();
  assertEquals(it.notifier.counts(), { waiting: 1, failed: 0 });
  it.clock.set(-2 * 24 * HOUR);
  receiver.answer = () => new Response();
  await it.pass(MINUTE);
  assertEquals(it.notifier.counts(), { waiting: 0, failed: 0 });
});

Deno.test("Notifier tries again in time when the clock is set back a little", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url });
  receiver.answer = () => new Response(null, { status: 500 });
  it.tell("a");
  await it.quiet();
  it.clock.set(-30 * MINUTE);
  // What is new has it look.
  it.tell("b");
  await it.quiet();
  receiver.answer = () => new Response();
  await it.pass(4999);
  assertEquals(it.notifier.counts(), { waiting: 2, failed: 0 });
  await it.pass(1);
  assertEquals(it.notifier.counts(), { waiting: 0, failed: 0 });
  // Without news, too.
  receiver.answer = () => new Response(null, { status: 500 });
  it.tell("c");
  await it.quiet();
  it.clock.set(-30 * MINUTE);
  receiver.answer = () => new Response();
  await it.pass(5000);
  assertEquals(it.notifier.counts(), { waiting: 0, failed: 0 });
});

Deno.test("Notifier costs no timer while nothing waits", async () => {
  await using receiver = new Receiver();
  await using it = await notifying({ url: receiver.url });
  const idle = it.clock.pending;
  it.tell("a");
  await it.quiet();
  assertEquals(it.clock.pending, idle);
  receiver.answer = () => new Response(null, { status: 500 });
  it.tell("a");
  await it.quiet();
  assertEquals(it.clock.pending, idle + 1);
});

Deno.test("Notifier sends nothing as a standby; the next leader sends at once what waits", async () => {
  await using file = await sharedDatabase();
  await using receiver = new Receiver();
  const clock = new FakeClock();
  const common = {
    path: file.path,
    clock,
    url: receiver.url,
    leaseMs: LEASE_MS,
  };
  receiver.answer = () => new Response(null, { status: 500 });
  await using leader = await notifying({ ...common, instance: "leader" });
  await using standby = await notifying({ ...common, instance: "standby" });
  leader.tell("a");
  await leader.quiet();
  assertEquals(receiver.received.length, 1);
  await leader.notifier.stop();
  receiver.answer = () => new Response();
  await clock.advance(20_000);
  assertEquals(receiver.received.length, 1);
  leader.release();
  await standby.pass(20_000);
  const [first, second] = receiver.ids;
  assertEquals(first, second);
  assertEquals(receiver.received.length, 2);
  assertEquals(standby.notifier.counts(), { waiting: 0, failed: 0 });
});

Deno.test("Notifier ends what it sends when it leads no more", async () => {
  await using file = await sharedDatabase();
  await using receiver = new Receiver();
  const clock = new FakeClock();
  const common = {
    path: file.path,
    clock,
    url: receiver.url,
    leaseMs: LEASE_MS,
  };
  await using leader = await notifying({ ...common, instance: "leader" });
  const stalled = Promise.withResolvers<Response>();
  const left = Promise.withResolvers<void>();
  receiver.answer = ({ request }) => {
    request.signal.addEventListener("abort", () => left.resolve());
    return stalled.promise;
  };
  leader.tell("a");
  await leader.settle();
  await until(() => receiver.received.length === 1);
  leader.store.db.write(() =>
    leader.store.stores.leases.take(
      { ...leader.store.identity, instance_id: "another" },
      clock.now() + HOUR,
    )
  );
  await clock.advance(5000);
  await left.promise;
  stalled.resolve(new Response());
  await leader.settle();
  assertEquals(leader.notifier.counts(), { waiting: 1, failed: 0 });
});
