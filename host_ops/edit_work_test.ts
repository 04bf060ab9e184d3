import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { systemClock } from "../shared/clock.ts";
import { tempDir } from "../shared/testing/fakes.ts";
import { HostOpFailure } from "./failure.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";
import { editWork } from "./testing/edit_work.ts";

const MANY = [
  ...Array.from(
    { length: 900 },
    (_, i) => i % 2 ? { old: "c", new: "b" } : { old: "b", new: "c" },
  ),
  { old: "not there", new: "" },
];

Deno.test("EditWork lets sockets have their turn", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response("there"),
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const work = editWork();
  let isAnswered = false;
  let slices = 0;
  const answered = fetch(url).then((it) => it.text())
    .finally(() => isAnswered = true);
  // each as long as a turn
  await work.inSlices(300 * 16_384, () => {
    if (isAnswered) return;
    slices += 1;
    const until = performance.now() + 10;
    while (performance.now() < until);
  });
  assertEquals(await answered, "there");
  assertLess(slices, 50);
});

Deno.test("editTextFile() ends when its caller leaves, and lets the next one have the file", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps({ staging: dir.join("staging") });
  const path = dir.join("file");
  const content = `${"a".repeat(10_000_000)}b`;
  await Deno.writeTextFile(path, content);
  const caller = new AbortController();
  const left = ops.editTextFile({ path, edits: MANY }, {
    ...CALLER,
    signal: caller.signal,
  });
  const next = ops.editTextFile(
    { path, edits: [{ old: "b", new: "next" }] },
    CALLER,
  );
  caller.abort();
  const outcome = await left;
  assertEquals(!outcome.ok && outcome.error.code, "CANCELED");
  assertEquals((await next).ok, true);
  const text = await Deno.readTextFile(path);
  assertEquals(text.slice(-5), "anext");
});

Deno.test("editTextFile() takes no more than 30 s, and writes nothing then", async () => {
  await using dir = await tempDir();
  const path = dir.join("file");
  const content = `${"a".repeat(1_000_000)}b`;
  await Deno.writeTextFile(path, content);
  const monotonic = () => performance.now() * 1_000;
  await using ops = testHostOps({
    staging: dir.join("staging"),
    clock: { ...systemClock, monotonic },
  });
  const outcome = await ops.editTextFile({ path, edits: MANY }, CALLER);
  assertEquals(!outcome.ok && outcome.error, {
    code: "FILE_TOO_LARGE",
    message:
      `Cannot edit ${path}: it is too long for that many edits, they take more than 30 s; nothing was written`,
    retryable: false,
    details: { maxMs: 30_000 },
  });
  assertEquals(await Deno.readTextFile(path), content);
});

Deno.test("EditWork of a caller who left goes no further", async () => {
  const work = editWork(systemClock, AbortSignal.abort());
  let slices = 0;
  await assertRejects(
    () =>
      work.inSlices(16_384 * 100, () => {
        slices += 1;
        const until = performance.now() + 10;
        while (performance.now() < until);
      }),
    HostOpFailure,
    "its caller left",
  );
  assertEquals(slices, 1);
});
