import { assert, assertEquals, assertLess } from "@std/assert";
import type { OutputEvent } from "./event_queue.ts";
import type { ExecExit } from "./mod.ts";
import { CALLER } from "./testing/host_ops.ts";
import { onEachRoad } from "./testing/variants.ts";
import {
  endlessSleep,
  processesWith,
  runs,
} from "../shared/testing/processes.ts";
import { until } from "../shared/testing/until.ts";

async function collect(events: AsyncIterable<OutputEvent>) {
  let stdout = "";
  let stderr = "";
  let exit: ExecExit | undefined;
  for await (const event of events) {
    assertEquals(exit, undefined, "nothing may come after the exit");
    if (event.event === "exit") exit = event.data;
    else if (event.event === "stdout") stdout += event.data.text;
    else stderr += event.data.text;
  }
  assert(exit !== undefined);
  return { stdout, stderr, exit };
}

onEachRoad(
  "streamCommand() tells output while the command still runs",
  async (start) => {
    await using ops = await start();
    const sleep = endlessSleep();
    const events = await ops.streamCommand(
      { command: `echo first; echo second >&2; ${sleep}` },
      CALLER,
    );
    const seen: unknown[] = [];
    for await (const event of events) {
      seen.push(event);
      if (seen.length === 2) break;
    }
    assertEquals(
      seen.toSorted((a, b) =>
        JSON.stringify(a).localeCompare(JSON.stringify(b))
      ),
      [
        { event: "stderr", data: { text: "second\n" } },
        { event: "stdout", data: { text: "first\n" } },
      ],
    );
    // leaving kills
    await until(async () => (await processesWith(sleep)).length === 0);
  },
);

onEachRoad(
  "streamCommand() kills a silent command when its reader leaves",
  async (start) => {
    await using ops = await start();
    const sleep = endlessSleep();
    const events = await ops.streamCommand({ command: sleep }, CALLER);
    const iterator = events[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await until(() => runs(sleep));
    await iterator.return?.();
    assertEquals(await waiting, { done: true, value: undefined });
    await until(async () => (await processesWith(sleep)).length === 0);
  },
);

onEachRoad(
  "streamCommand() ends with how the command ended, without its output",
  async (start) => {
    await using ops = await start();
    const { stdout, exit } = await collect(
      await ops.streamCommand({ command: "echo x; exit 3" }, CALLER),
    );
    assertEquals(stdout, "x\n");
    assert(!exit.ok);
    assertEquals(exit.error.code, "EXEC_EXIT_NON_ZERO");
    assertEquals(exit.result?.exitCode, 3);
    assertEquals(exit.result?.stdoutBytes, 2);
    assertEquals("stdout" in (exit.result ?? {}), false);
  },
);

onEachRoad("streamCommand() cuts events between characters", async (start) => {
  await using ops = await start();
  const { stdout } = await collect(
    await ops.streamCommand({
      command: String
        .raw`printf 'a\303'; sleep 0.2; printf '\251\360\237'; sleep 0.2; printf '\230\200\303'`,
    }, CALLER),
  );
  assertEquals(stdout, "aé😀\ufffd");
});

onEachRoad(
  "streamCommand() brings everything through, however much it is",
  async (start) => {
    await using ops = await start();
    const { stdout, exit } = await collect(
      await ops.streamCommand({
        command: "head -c 30000000 /dev/zero | tr '\\0' x",
        maxBufferBytes: 30_000_000,
      }, CALLER),
    );
    assert(exit.ok);
    assertEquals(stdout.length, 30_000_000);
  },
);

onEachRoad("streamCommand() ends at the limit of the output", async (start) => {
  await using ops = await start();
  const { stdout, exit } = await collect(
    await ops.streamCommand(
      { command: "yes", maxBufferBytes: 1_000_000 },
      CALLER,
    ),
  );
  assertEquals(stdout.length, 1_000_000);
  assertEquals(!exit.ok && exit.error.code, "EXEC_OUTPUT_LIMIT");
});

onEachRoad(
  "streamCommand() holds a command back while nobody reads, within bounded memory",
  async (start) => {
    await using ops = await start();
    const events = await ops.streamCommand(
      { command: "yes", maxBufferBytes: 60_000_000, timeoutMs: 1_000 },
      CALLER,
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    const iterator = events[Symbol.asyncIterator]();
    const first = await iterator.next();
    assert(!first.done && first.value.event === "stdout");
    let total = first.value.data.text.length;
    let last: OutputEvent | undefined;
    while (true) {
      // slower than the command, so that the time runs out while it is held back
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { done, value } = await iterator.next();
      if (done) break;
      last = value;
      if (value.event !== "exit") total += value.data.text.length;
    }
    assert(last?.event === "exit" && last.data.result !== undefined);
    assertEquals(last.data.result.timedOut, true);
    assertEquals(last.data.result.heldOpen, false);
    assertEquals(last.data.result.stdoutBytes, total);
    // In that time it would print hundreds of megabytes.
    assertLess(total, 10_000_000);
  },
);

onEachRoad(
  "streamCommand() kills the command of a reader that takes nothing",
  async (start) => {
    await using ops = await start({ stallMs: 200 });
    const mark = `no${endlessSleep().replace(/\D/g, "")}`;
    const events = await ops.streamCommand(
      { command: `yes ${mark}`, timeoutMs: 60_000 },
      CALLER,
    );
    const iterator = events[Symbol.asyncIterator]();
    await iterator.next(); // it has begun
    await until(async () => (await processesWith(`yes ${mark}`)).length === 0);
    const { exit } = await collect({ [Symbol.asyncIterator]: () => iterator });
    assertEquals(!exit.ok && exit.error.details, { reason: "canceled" });
  },
);

onEachRoad(
  "streamCommand() tells of a wrong request in its only event",
  async (start) => {
    await using ops = await start();
    const { exit } = await collect(await ops.streamCommand({}, CALLER));
    assertEquals(!exit.ok && exit.error.code, "INVALID_INPUT");
    const missing = await collect(
      await ops.streamCommand({ command: "true", cwd: "/no/such" }, CALLER),
    );
    assertEquals(!missing.exit.ok && missing.exit.error.code, "EXEC_FAILED");
  },
);
