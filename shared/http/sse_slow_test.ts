import { assertEquals } from "@std/assert";
import { systemClock } from "../clock.ts";
import { sse } from "./sse.ts";

Deno.test("sse() keeps nothing of the events that were taken", async () => {
  async function* events() {
    for (let id = 0; id < 300_000; id++) yield { event: "x", id, data: id };
  }
  const body = sse(events(), {
    clock: systemClock,
    signal: new AbortController().signal,
    describeError: () => ({ code: "INTERNAL", message: "", retryable: false }),
    onEnd() {},
  });
  const before = Deno.memoryUsage().heapUsed;
  let bytes = 0;
  let chunks = 0;
  // What is live shows where the collector has just been: at the least.
  let least = Infinity;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (++chunks % 500 !== 0 || bytes < 8_000_000) continue;
    least = Math.min(least, Deno.memoryUsage().heapUsed);
  }
  const grown = (least - before) / 1_048_576;
  assertEquals(bytes > 8_000_000, true);
  assertEquals(grown < 60, true, `grown by ${grown} MiB`);
});
