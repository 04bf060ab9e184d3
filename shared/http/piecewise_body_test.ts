import { assert, assertEquals, assertLess } from "@std/assert";
import { FakeClock } from "../testing/fake_clock.ts";
import { jsonPieces, piecewiseBody } from "./piecewise_body.ts";

const VALUE = {
  ok: true,
  nothing: null,
  left_out: undefined,
  list: [1, "two", { three: 3 }, []],
  empty: {},
  text: '\u0000"\\é😀'.repeat(40_000),
};

Deno.test("jsonPieces() writes what JSON.stringify does, in pieces of bounded size", () => {
  const pieces = [...jsonPieces(VALUE)];
  assertEquals(JSON.parse(pieces.join("")), JSON.parse(JSON.stringify(VALUE)));
  assert(pieces.every((it) => it.length <= 6 * 65_536));
  for (const value of [[], {}, "", 0, null, false, [[]], undefined]) {
    assertEquals(
      [...jsonPieces(value)].join(""),
      JSON.stringify(value) ?? "null",
    );
  }
});

Deno.test("jsonPieces() keeps a pair of surrogates that falls on a cut", () => {
  const text = "x".repeat(65_535) + "😀" + "y".repeat(70_000);
  assertEquals(JSON.parse([...jsonPieces(text)].join("")), text);
});

Deno.test("piecewiseBody() says when all was taken", async () => {
  const clock = new FakeClock();
  let ends = 0;
  const body = piecewiseBody(VALUE, {
    clock,
    stallMs: 1000,
    onEnd: () => ends++,
  });
  assertEquals(ends, 0);
  assertEquals(
    JSON.parse(await new Response(body).text()),
    JSON.parse(JSON.stringify(VALUE)),
  );
  assertEquals([ends, clock.pending], [1, 0]);
});

Deno.test("piecewiseBody() lets all else have its turn between two pieces of any body", async () => {
  let turns = 0;
  const count = () => {
    turns++;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  const clock = new FakeClock();
  const most = await Promise.all([1, 2, 3].map(async () => {
    const body = piecewiseBody(VALUE, { clock, stallMs: 1000, onEnd() {} });
    let pieces = 0;
    for await (const _ of body) pieces++;
    return pieces;
  }));
  clearImmediate(next);
  assertLess(most.reduce((sum, it) => sum + it), turns + 3);
});

Deno.test("piecewiseBody() gives up a reader that takes nothing, and one that leaves", async () => {
  const clock = new FakeClock();
  let ends = 0;
  const options = { clock, stallMs: 1000, onEnd: () => ends++ };
  const stalled = piecewiseBody(VALUE, options).getReader();
  await stalled.read();
  await clock.advance(1001);
  assertEquals(ends, 1);
  await stalled.closed.catch(() => {});
  const left = piecewiseBody(VALUE, options);
  await left.cancel();
  assertEquals([ends, clock.pending], [2, 0]);
});
