import { assertEquals } from "@std/assert";
import { FakeClock } from "../testing/fake_clock.ts";
import { Attendance } from "./attendance.ts";

function start() {
  const clock = new FakeClock();
  const answer = Promise.withResolvers<Response>();
  const attendance = new Attendance(clock);
  const answering = attendance.answer(answer.promise, {
    blank: "\n",
    late: (body) => new Response(body, { headers: { late: "yes" } }),
  });
  return { clock, answer, answering, attendance };
}

Deno.test("Attendance answers what is soon there as it is, and leaves no timer", async () => {
  const { clock, answer, answering, attendance } = start();
  await attendance.begun();
  await clock.advance(999);
  answer.resolve(new Response("[1]", { status: 202 }));
  const it = await answering;
  assertEquals([it.status, await it.text()], [202, "[1]"]);
  await attendance.begun();
  await attendance.begun({ hasWaited: true });
  assertEquals([attendance.gone.aborted, clock.pending], [false, 0]);
});

Deno.test("Attendance leaves what is refused before it has begun its status", async () => {
  const { clock, answer, answering } = start();
  await clock.advance(5000);
  answer.resolve(new Response("no", { status: 429 }));
  const it = await answering;
  assertEquals([it.status, await it.text()], [429, "no"]);
});

Deno.test("Attendance begins a late answer with blanks", async () => {
  const { clock, answer, answering, attendance } = start();
  await attendance.begun();
  await clock.advance(1000);
  const it = await answering;
  assertEquals(it.headers.get("late"), "yes");
  const text = it.text();
  await clock.advance(2000);
  answer.resolve(new Response("[1]"));
  assertEquals(await text, "\n\n\n[1]");
  assertEquals([attendance.gone.aborted, clock.pending], [false, 0]);
});

Deno.test("Attendance sends one blank, not one a second, to who takes nothing", async () => {
  const { clock, answer, answering, attendance } = start();
  await attendance.begun();
  await clock.advance(60_000);
  answer.resolve(new Response("[1]"));
  assertEquals(await (await answering).text(), "\n[1]");
  assertEquals(clock.pending, 0);
});

Deno.test("Attendance tells that the reader of a late answer has gone", async () => {
  const { clock, answer, answering, attendance } = start();
  await attendance.begun();
  await clock.advance(1000);
  await (await answering).body?.cancel();
  assertEquals([attendance.gone.aborted, clock.pending], [true, 0]);
  // What comes of it all the same is let go of.
  const left = Promise.withResolvers<void>();
  const body = new ReadableStream({ cancel: () => left.resolve() });
  answer.resolve(new Response(body));
  await left.promise;
});

Deno.test("Attendance ends the answer that its reader leaves in the middle", async () => {
  const { clock, answer, answering, attendance } = start();
  await attendance.begun();
  await clock.advance(1000);
  const left = Promise.withResolvers<void>();
  answer.resolve(
    new Response(
      new ReadableStream({
        start: (it) => it.enqueue(new Uint8Array([49])),
        cancel: () => left.resolve(),
      }),
    ),
  );
  const reader = (await answering).body?.getReader();
  assertEquals((await reader?.read())?.value, new Uint8Array([10]));
  assertEquals((await reader?.read())?.value, new Uint8Array([49]));
  await reader?.cancel();
  await left.promise;
  assertEquals(attendance.gone.aborted, true);
});

for (const isThere of [true, false]) {
  Deno.test(`Attendance lets who had to wait begin once it is known to be ${isThere ? "there" : "gone"}`, async () => {
    const { clock, answer, answering, attendance } = start();
    let hasBegun = false;
    const begun = attendance.begun({ hasWaited: true })
      .then(() => hasBegun = true);
    const it = await answering;
    await clock.advance(0);
    assertEquals(hasBegun, false);
    const reader = it.body?.getReader();
    assertEquals((await reader?.read())?.value, new Uint8Array([10]));
    if (isThere) await clock.advance(20);
    else await reader?.cancel();
    await begun;
    assertEquals(attendance.gone.aborted, !isThere);
    answer.resolve(new Response("[1]"));
    if (!isThere) return;
    assertEquals((await reader?.read())?.value, new Uint8Array([91, 49, 93]));
    assertEquals((await reader?.read())?.done, true);
    assertEquals(clock.pending, 0);
  });
}
