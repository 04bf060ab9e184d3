import { assertEquals } from "@std/assert";
import { RingBuffer } from "./ring_buffer.ts";

Deno.test("RingBuffer.push() keeps the newest values and returns the one that falls out", () => {
  const ring = new RingBuffer<number>(3);
  assertEquals([1, 2, 3, 4, 5].map((it) => ring.push(it)), [
    undefined,
    undefined,
    undefined,
    1,
    2,
  ]);
  assertEquals(ring.toArray(), [3, 4, 5]);
  assertEquals(ring.size, 3);
});

Deno.test("RingBuffer.at() counts from the oldest and ends at the newest", () => {
  const ring = new RingBuffer<string>(2);
  for (const value of ["a", "b", "c"]) ring.push(value);
  assertEquals([-1, 0, 1, 2].map((index) => ring.at(index)), [
    undefined,
    "b",
    "c",
    undefined,
  ]);
});

Deno.test("RingBuffer.shift() takes the oldest until there is none", () => {
  const ring = new RingBuffer<number>(2);
  for (const value of [1, 2, 3]) ring.push(value);
  assertEquals([ring.shift(), ring.shift(), ring.shift()], [2, 3, undefined]);
  assertEquals(ring.size, 0);
});
