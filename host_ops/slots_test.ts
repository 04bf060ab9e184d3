import { assertEquals, assertRejects } from "@std/assert";
import { AppError } from "../shared/errors.ts";
import { FakeClock } from "../shared/testing/fake_clock.ts";
import { RecordingAudit, tempDir } from "../shared/testing/fakes.ts";
import { until } from "../shared/testing/until.ts";
import { Slots } from "./slots.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";

const never = new AbortController().signal;

Deno.test("Slots lets the next one in when one leaves", async () => {
  const slots = new Slots({
    size: 1,
    mostWaiting: 2,
    waitMs: 1_000,
    clock: new FakeClock(),
  });
  const order: string[] = [];
  const leave = await slots.enter(never);
  const second = slots.enter(never).then((it) => (order.push("second"), it));
  const third = slots.enter(never).then((it) => (order.push("third"), it));
  leave();
  leave();
  (await second)();
  (await third)();
  assertEquals(order, ["second", "third"]);
  (await slots.enter(never))();
});

Deno.test("Slots refuses who waits too long, one too many, and who has left", async () => {
  const clock = new FakeClock();
  const slots = new Slots({ size: 1, mostWaiting: 1, waitMs: 1_000, clock });
  const leave = await slots.enter(never);
  const late = assertRejects(() => slots.enter(never), AppError);
  const tooMany = await assertRejects(() => slots.enter(never), AppError);
  assertEquals(tooMany.code, "TOO_MANY_REQUESTS");
  assertEquals(tooMany.headers, { "retry-after": "1" });
  await clock.advance(1_000);
  await late;

  const leaving = new AbortController();
  const left = assertRejects(() => slots.enter(leaving.signal), AppError);
  leaving.abort();
  await left;
  assertEquals(clock.pending, 0);
  leave();
  (await slots.enter(never))();
});

Deno.test("executeCommand() is refused when too many run and wait", async () => {
  await using ops = testHostOps({ maxConcurrentExecs: 1, maxWaitMs: 50 });
  const running = ops.executeCommand(
    { command: "sleep 60", timeoutMs: 1_000 },
    CALLER,
  );
  const error = await assertRejects(
    () => ops.executeCommand({ command: "true" }, CALLER),
    AppError,
  );
  assertEquals(error.code, "TOO_MANY_REQUESTS");
  const stream = await assertRejects(
    () => ops.streamCommand({ command: "true" }, CALLER),
    AppError,
  );
  assertEquals(stream.code, "TOO_MANY_REQUESTS");
  await running;
  const after = await ops.executeCommand({ command: "true" }, CALLER);
  assertEquals(after.ok, true);
});

for (const way of ["executeCommand", "streamCommand"] as const) {
  Deno.test(`${way}() begins no command whose caller left while it waited`, async () => {
    await using dir = await tempDir();
    const audit = new RecordingAudit();
    await using ops = testHostOps({ audit, maxConcurrentExecs: 1 });
    const holder = new AbortController();
    const held = ops.executeCommand(
      { command: "touch holds; sleep 60", cwd: dir.path },
      { ...CALLER, signal: holder.signal },
    );
    await until(() => Deno.stat(dir.join("holds")));
    const leaving = new AbortController();
    const waits: (boolean | undefined)[] = [];
    const second = ops[way]({ command: "touch ran", cwd: dir.path }, {
      ...CALLER,
      signal: leaving.signal,
      begun: (options) => {
        waits.push(options?.hasWaited);
        leaving.abort();
        return Promise.resolve();
      },
    });
    holder.abort();
    await held;
    const outcome = await second;
    if (Symbol.asyncIterator in outcome) { for await (const _ of outcome); }
    else assertEquals(!outcome.ok && outcome.error.code, "CANCELED");
    assertEquals(waits, [true]);
    assertEquals(audit.rows.at(-1)?.outcome, { ok: false, code: "CANCELED" });
    await assertRejects(() => Deno.stat(dir.join("ran")), Deno.errors.NotFound);
  });
}
