import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { AppError } from "../../shared/errors.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { Idempotency, type Work } from "./idempotency.ts";

function open(folder: string) {
  return new Idempotency({
    path: join(folder, "idempotency.jsonl"),
    clock: new FakeClock(),
    onError(error) {
      throw error;
    },
  });
}

/** Work that counts how often it is done. */
function counted(
  again: Work<string>["again"] = ({ turn_id }) =>
    Promise.resolve(turn_id ?? undefined),
) {
  const marks: (string | undefined)[] = [];
  const work: Work<string> = {
    fresh(mark) {
      marks.push(mark);
      return Promise.resolve(`turn ${marks.length}`);
    },
    outcomeOf: (turn_id) => ({ session_id: null, turn_id }),
    again,
  };
  return { marks, work };
}

Deno.test("Idempotency.once() does a request once for a key, also after a restart", async () => {
  await using dir = await tempDir();
  const { marks, work } = counted();
  {
    using first = open(dir.path);
    assertEquals(await first.once("k", [{ a: 1, b: 2 }], work), "turn 1");
    assertEquals(await first.once("k", [{ b: 2, a: 1 }], work), "turn 1");
  }
  using second = open(dir.path);
  assertEquals(await second.once("k", [{ a: 1, b: 2 }], work), "turn 1");
  assertEquals(marks.length, 1);
});

Deno.test("Idempotency.once() refuses a key that comes with another request", async () => {
  await using dir = await tempDir();
  using keys = open(dir.path);
  const { work } = counted();
  await keys.once("k", [{ a: 1 }], work);
  const error = await assertRejects(
    () => keys.once("k", [{ a: 2 }], work),
    AppError,
  );
  assertEquals(error.code, "CONFLICT");
});

Deno.test("Idempotency.once() does it each time when there is no key", async () => {
  await using dir = await tempDir();
  using keys = open(dir.path);
  const { marks, work } = counted();
  await keys.once(undefined, [], work);
  await keys.once(undefined, [], work);
  assertEquals(marks, [undefined, undefined]);
});

Deno.test("Idempotency.once() lets the second of two at once wait for the first", async () => {
  await using dir = await tempDir();
  using keys = open(dir.path);
  const { marks, work } = counted();
  const both = await Promise.all([
    keys.once("k", [1], work),
    keys.once("k", [1], work),
  ]);
  assertEquals([both, marks.length], [["turn 1", "turn 1"], 1]);
});

Deno.test("Idempotency.once() looks for what came of a request that was cut off", async () => {
  await using dir = await tempDir();
  const sought: string[] = [];
  const { marks, work } = counted((entry, mark) => {
    assertEquals(entry.turn_id, null);
    sought.push(mark);
    return Promise.resolve("found in the history");
  });
  {
    using first = open(dir.path);
    const cut = { ...work, fresh: () => Promise.reject(new Error("killed")) };
    await assertRejects(() => first.once("k", [1], cut), Error, "killed");
  }
  using second = open(dir.path);
  assertEquals(await second.once("k", [1], work), "found in the history");
  assertEquals([sought.length, marks.length], [1, 0]);
});

Deno.test("Idempotency.once() does it anew when nothing came of it", async () => {
  await using dir = await tempDir();
  using keys = open(dir.path);
  const { work } = counted(() => Promise.resolve(undefined));
  const refused = {
    ...work,
    fresh: () => Promise.reject(new AppError("CONFLICT", "busy")),
  };
  await assertRejects(() => keys.once("k", [1], refused), AppError, "busy");
  assertEquals(await keys.once("k", [1], work), "turn 1");
});
