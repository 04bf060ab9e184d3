import { assertEquals } from "@std/assert";
import { FakeClock } from "../testing/fake_clock.ts";
import { attended } from "./attended.ts";

function start({ hasBegun = true } = {}) {
  const clock = new FakeClock();
  const answer = Promise.withResolvers<Response>();
  const begun = Promise.withResolvers<void>();
  if (hasBegun) begun.resolve();
  const gone = Promise.withResolvers<void>();
  const answering = attended(answer.promise, {
    clock,
    begun: begun.promise,
    late: (body) => new Response(body, { headers: { late: "yes" } }),
    gone: () => gone.resolve(),
  });
  return { clock, answer, answering, begun: begun.promise, gone: gone.promise };
}

Deno.test("attended() answers what is soon there as it is", async () => {
  const it = start();
  it.answer.resolve(new Response("[1]", { status: 202 }));
  const answer = await it.answering;
  assertEquals([answer.status, await answer.text()], [202, "[1]"]);
});

Deno.test("attended() leaves what is refused before it has begun its status", async () => {
  const it = start({ hasBegun: false });
  await it.clock.advance(5000);
  it.answer.resolve(new Response("no", { status: 429 }));
  const answer = await it.answering;
  assertEquals([answer.status, await answer.text()], [429, "no"]);
});

Deno.test("attended() begins a late answer with blanks", async () => {
  const it = start();
  await it.begun;
  await it.clock.advance(1000);
  const answer = await it.answering;
  assertEquals(answer.headers.get("late"), "yes");
  const text = answer.text();
  await it.clock.advance(2000);
  it.answer.resolve(new Response("[1]"));
  assertEquals(await text, "\n\n\n[1]");
});

Deno.test("attended() tells that the reader of a late answer has gone", async () => {
  const it = start();
  await it.begun;
  await it.clock.advance(1000);
  const answer = await it.answering;
  await answer.body?.cancel();
  await it.clock.advance(1000);
  await it.gone;
  it.answer.resolve(new Response("[1]"));
});
