import { assertEquals, assertRejects } from "@std/assert";
import { Channel } from "./channel.ts";

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("Channel passes items on in order, also to a reader that waits", async () => {
  const channel = new Channel<number>({ limit: 10 });
  channel.push(1);
  channel.push(2);
  const read = Array.fromAsync(channel);
  await settled();
  channel.push(3);
  await settled();
  channel.push(4);
  channel.end();
  channel.push(5);
  assertEquals(await read, [1, 2, 3, 4]);
});

Deno.test("Channel.room() waits until the reader has taken enough", async () => {
  const channel = new Channel<string>({ limit: 10 });
  channel.push("a", 6);
  assertEquals(channel.hasRoom, true);
  await channel.room();
  channel.push("b", 6);
  assertEquals([channel.hasRoom, channel.waiting], [false, 12]);
  let rooms = 0;
  void channel.room().then(() => rooms++);
  void channel.room().then(() => rooms++);
  await settled();
  assertEquals(rooms, 0);
  assertEquals((await channel.next()).value, "a");
  await settled();
  assertEquals([rooms, channel.take(), channel.take()], [2, "b", undefined]);
});

Deno.test("Channel.release() holds back no more", async () => {
  const channel = new Channel<string>({ limit: 1 });
  channel.push("a");
  const room = channel.room();
  channel.release();
  await room;
  channel.push("b", 1_000_000);
  assertEquals([channel.hasRoom, channel.take()], [true, "a"]);
});

Deno.test("Channel.return() ends a read that waits, and tells the maker once", async () => {
  let left = 0;
  const channel = new Channel<number>({ limit: 1, onLeave: () => left++ });
  const reading = channel.next();
  await channel.return();
  await channel.return();
  assertEquals([await reading, left], [{ done: true, value: undefined }, 1]);
  channel.push(1);
  await channel.room();
  assertEquals([channel.waiting, (await channel.next()).done], [0, true]);
});

Deno.test("Channel tells nobody of a reader that leaves after the end", async () => {
  let left = 0;
  const channel = new Channel<number>({ limit: 9, onLeave: () => left++ });
  channel.push(1);
  channel.push(2);
  channel.end();
  for await (const _ of channel) break;
  assertEquals([left, (await channel.next()).done], [0, true]);
});

Deno.test("Channel.fail() drops what waits and rejects the reader", async () => {
  const channel = new Channel<number>({ limit: 1 });
  channel.push(1);
  const room = channel.room();
  channel.fail(new Error("gone"));
  await room;
  await assertRejects(() => channel.next(), Error, "gone");
  const waiting = new Channel<number>({ limit: 1 });
  const reading = waiting.next();
  waiting.fail(new Error("gone"));
  await assertRejects(() => reading, Error, "gone");
});

Deno.test("Channel takes a great many items in linear time", async () => {
  const channel = new Channel<number>({ limit: Infinity });
  for (let index = 0; index < 200_000; index++) channel.push(index);
  const begun = performance.now();
  let sum = 0;
  channel.end();
  for await (const item of channel) sum += item;
  assertEquals(sum, 19_999_900_000);
  assertEquals(performance.now() - begun < 5_000, true);
});
