import { assertEquals } from "@std/assert";
import { EVENT_SCHEMAS } from "../store/model/event.ts";
import { leading, newTask, OK } from "../testing/automation_fixture.ts";
import type { EventNews } from "./event_service.ts";

function collect(news: AsyncIterable<EventNews>) {
  const items: EventNews[] = [];
  const done = (async () => {
    for await (const it of news) items.push(it);
  })();
  return { items, done };
}

function words(news: readonly EventNews[]): (string | number)[] {
  return news.map((it) =>
    it.type === "event"
      ? it.event.seq
      : `gap ${it.gap.from_seq}-${it.gap.to_seq}`
  );
}

Deno.test("EventService.follow() tells every change of lease, mode, task and run", async () => {
  using it = await leading();
  const left = new AbortController();
  const all = collect(it.store.events.follow(0, left.signal));
  const { task } = it.tasks.create(newTask({ title: "x", priority: 3 }));
  await it.settle();
  it.kind.at(0).end(OK);
  await it.settle();
  it.system.setMode("draining", { reason: "why" });
  it.store.events.record("codexd.health_changed", {
    state: "down",
    previous: "healthy",
    reason: "gone",
  });
  await it.settle();
  left.abort();
  await all.done;
  const events = all.items.map((it) => it.type === "event" ? it.event : null);
  assertEquals(events.map((event) => event?.type), [
    "lease.acquired",
    "task.created",
    "task.status_changed",
    "run.started",
    "run.finished",
    "task.status_changed",
    "system.mode_changed",
    "codexd.health_changed",
  ]);
  assertEquals(events.map((event) => event?.seq), [1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(events[1]?.data, {
    task_id: task.task_id,
    kind: "fake",
    title: "x",
    priority: 3,
  });
  for (const event of events) EVENT_SCHEMAS[event?.type ?? ""]?.parse(event);
});

Deno.test("EventService.follow() resumes without loss or repetition", async () => {
  using it = await leading();
  for (let i = 0; i < 450; i++) {
    it.store.events.record("lease.released", {
      controller_id: "c",
      instance_id: "i",
      host: "h",
      term: i,
    });
  }
  const left = new AbortController();
  const all = collect(it.store.events.follow(1, left.signal));
  await it.settle();
  assertEquals(words(all.items), Array.from({ length: 450 }, (_, i) => i + 2));
  const rest = collect(it.store.events.follow(449, left.signal));
  await it.settle();
  assertEquals(words(rest.items), [450, 451]);
  left.abort();
  await all.done;
  await rest.done;
  assertEquals(it.store.events.tail(10), 441);
  assertEquals(it.store.events.tail(1000), 0);
});

Deno.test("EventService.follow() says which events retention has removed", async () => {
  using it = await leading();
  for (const mode of ["paused", "running", "paused", "running"] as const) {
    it.system.setMode(mode, {});
  }
  const { events } = it.store.stores;
  events.trim({ before: 0, keep: 2, limit: 99 });
  const left = new AbortController();
  const some = collect(it.store.events.follow(1, left.signal));
  await it.settle();
  assertEquals(words(some.items), ["gap 2-3", 4, 5]);
  events.trim({ before: Infinity, keep: 99, limit: 99 });
  const none = collect(it.store.events.follow(2, left.signal));
  const over = collect(it.store.events.follow(99, left.signal));
  await it.settle();
  assertEquals(words(none.items), ["gap 3-5"]);
  it.system.setMode("paused", {});
  await it.settle();
  left.abort();
  await Promise.all([some.done, none.done, over.done]);
  assertEquals(words(none.items), ["gap 3-5", 6], "numbers are not reused");
  assertEquals(words(over.items), [6], "a place never reached is the end");
});
