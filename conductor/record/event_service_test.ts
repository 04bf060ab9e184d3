import { assertEquals } from "@std/assert";
import type { StreamEvent } from "../../shared/http/route.ts";
import type { Gap } from "../../shared/page.ts";
import { EVENT_SCHEMAS, type StoredEvent } from "../store/model/event.ts";
import {
  AS_OWNER,
  leading,
  newTask,
  OK,
} from "../testing/automation_fixture.ts";

function collect(news: AsyncIterable<StreamEvent>) {
  const items: StreamEvent[] = [];
  const done = (async () => {
    for await (const it of news) items.push(it);
  })();
  return { items, done };
}

function words(news: readonly StreamEvent[]): (string | number)[] {
  return news.map(({ event, id, data }) => {
    const it = data as Gap & StoredEvent;
    assertEquals(id, event === "gap" ? it.to_seq : it.seq);
    return event === "gap" ? `gap ${it.from_seq}-${it.to_seq}` : it.seq;
  });
}

Deno.test("EventService.follow() tells every change of lease, mode, task and run", async () => {
  using it = await leading();
  const left = new AbortController();
  const all = collect(it.store.events.follow(0, left.signal));
  const { task } = await it.tasks.create(
    newTask({ title: "x", priority: 3 }),
    AS_OWNER,
  );
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
  const events = all.items.map((it) => it.data as StoredEvent);
  assertEquals(all.items.map((it) => it.event), [
    "lease.acquired",
    "task.created",
    "task.status_changed",
    "run.started",
    "run.finished",
    "task.status_changed",
    "system.mode_changed",
    "codexd.health_changed",
  ]);
  assertEquals(events.map((event) => event.seq), [1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(events[1]?.data, {
    task_id: task.task_id,
    kind: "fake",
    title: "x",
    priority: 3,
  });
  for (const event of events) EVENT_SCHEMAS[event.type]?.parse(event);
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
  events.trim({ before: 0, until: Infinity, keep: 2, limit: 99 });
  const left = new AbortController();
  const some = collect(it.store.events.follow(1, left.signal));
  await it.settle();
  assertEquals(words(some.items), ["gap 2-3", 4, 5]);
  events.trim({
    before: Infinity,
    until: Infinity,
    keep: 99,
    limit: 99,
  });
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
