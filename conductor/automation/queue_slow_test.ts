import { assertEquals } from "@std/assert";
import {
  AS_OWNER,
  leading,
  newTask,
  OK,
} from "../testing/automation_fixture.ts";

const TASKS = 10_000;
const WIDTH = 50;

Deno.test(`${TASKS} queued tasks start by priority and age, those that come later too`, async () => {
  using it = await leading({
    width: WIDTH,
    retention: { days: 30, rows: 1_000_000 },
  });
  it.system.setMode("paused", {});
  const made: { readonly priority: number; readonly index: number }[] = [];
  const add = async (priority: number) => {
    const index = made.push({ priority, index: made.length }) - 1;
    const payload = { index };
    await it.tasks.create(newTask({ priority, payload }), AS_OWNER);
  };
  for (let index = 0; index < TASKS; index++) await add((index * 7919) % 11);
  it.system.setMode("running", {});
  await it.settle();
  const started = () => it.kind.runs.map(({ payload }) => payload.index);
  // The most urgent one that comes in the middle is the next to start.
  let ended = 0;
  while (ended < TASKS + 1) {
    if (ended === 5000) await add(99);
    for (const run of it.kind.runs.slice(ended)) {
      run.end(OK);
      ended++;
    }
    await it.settle();
  }
  const expected = made.slice(0, TASKS)
    .toSorted((a, b) => b.priority - a.priority || a.index - b.index)
    .map(({ index }) => index);
  const order = started();
  // Those that ran already go first.
  assertEquals(order.indexOf(TASKS), 5000 + WIDTH);
  assertEquals(order.filter((index) => index !== TASKS), expected);
});
