import { assertEquals, assertMatch } from "@std/assert";
import { pause } from "./testing/until.ts";
import { randomId } from "./ids.ts";

Deno.test("randomId() makes version 7 UUIDs, in the order of their times", async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    ids.push(randomId("task"));
    await pause(2);
  }
  assertEquals(ids, ids.toSorted());
  assertEquals(
    new Set(Array.from({ length: 1000 }, () => randomId("a"))).size,
    1000,
  );
  const [first = ""] = ids;
  assertMatch(
    first,
    /^task_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const time = parseInt(first.slice(5, 18).replace("-", ""), 16);
  assertEquals(Math.abs(Date.now() - time) < 60_000, true);
});
