import { assert, assertEquals, assertLess } from "@std/assert";
import { endlessSleep, processesWith } from "../shared/testing/processes.ts";
import { until } from "../shared/testing/until.ts";
import type { Json } from "../shared/testing/json.ts";
import type { ExecExit } from "./mod.ts";
import { CALLER } from "./testing/host_ops.ts";
import { TestDaemon } from "./testing/run_daemon.ts";
import { onEachRoad, startVariant, VARIANTS } from "./testing/variants.ts";

const LIMITS = {
  onLimit: "discard",
  maxBufferBytes: 1_000,
  headBytes: 6,
  tailBytes: 9,
};

for (const variant of VARIANTS) {
  const name = (text: string) => `exec with discard ${text} (${variant.name})`;

  Deno.test(
    name("keeps head and tail of each output, and lets the command end"),
    async () => {
      await using ops = await startVariant(variant);
      const outcome = await ops.executeCommand({
        command: "seq 1 20000; seq 1 20000 >&2; exit 3",
        ...LIMITS,
      }, CALLER);
      const { result } = outcome;
      assertEquals(!outcome.ok && outcome.error.code, "EXEC_EXIT_NON_ZERO");
      assertEquals(result?.exitCode, 3);
      assertEquals(result?.stdout, "1\n2\n3\n99\n20000\n");
      assertEquals(result?.stderr, result?.stdout);
      assertEquals(result?.stdoutBytes, 108_894);
      assertEquals(result?.stdoutOmittedBytes, 108_894 - 15);
      assertEquals(result?.stderrOmittedBytes, 108_894 - 15);
      assertEquals(result?.truncated, true);
    },
  );

  Deno.test(name("says in a stream what it says at once"), async () => {
    await using ops = await startVariant(variant);
    for (const lines of [3, 20, 20_000]) {
      const request = { command: `seq 1 ${lines}`, ...LIMITS };
      const whole = await ops.executeCommand(request, CALLER);
      const events = await Array.fromAsync(
        await ops.streamCommand(request, CALLER),
      );
      let stdout = "";
      let exit: ExecExit | undefined;
      for (const { event, data } of events) {
        if (event === "exit") exit = data;
        else if (event === "stdout") stdout += data.text;
      }
      assertEquals(stdout, whole.result?.stdout);
      assertEquals(exit?.input, whole.input);
      for (
        const field of [
          "stdoutBytes",
          "stdoutOmittedBytes",
          "truncated",
        ] as const
      ) {
        assertEquals(exit?.result?.[field], whole.result?.[field]);
      }
      assertEquals(exit?.result?.truncated, lines === 20_000);
    }
  });
}

onEachRoad(
  "exec with discard fills in halves, and takes no shares that are too large or of no use",
  async (start) => {
    await using ops = await start();
    const inputOf = async (request: Readonly<Record<string, unknown>>) => {
      const { input, ...outcome } = await ops.executeCommand(
        { command: "true", maxBufferBytes: 101, ...request },
        CALLER,
      );
      return outcome.ok
        ? [input.headBytes, input.tailBytes]
        : [outcome.error.code, outcome.error.details?.issues];
    };
    const onLimit = "discard";
    assertEquals(await inputOf({}), [undefined, undefined]);
    assertEquals(await inputOf({ onLimit }), [51, 50]);
    assertEquals(await inputOf({ onLimit, headBytes: 90 }), [90, 11]);
    assertEquals(await inputOf({ on_limit: onLimit, tail_bytes: 20 }), [
      50,
      20,
    ]);
    assertEquals(await inputOf({ onLimit, headBytes: 0 }), [0, 50]);
    const tooMuch =
      "exec.headBytes and exec.tailBytes must together be at most maxBufferBytes (101).";
    for (
      const [request, path, message] of [
        [{ onLimit, headBytes: 51, tailBytes: 51 }, "headBytes", tooMuch],
        [{ onLimit, tailBytes: 102 }, "tailBytes", tooMuch],
        [
          { headBytes: 5 },
          "headBytes",
          "exec.headBytes needs onLimit=discard.",
        ],
        [{ onLimit: "x" }, "onLimit", "exec.onLimit must be kill or discard."],
      ] as const
    ) {
      assertEquals(await inputOf(request), ["INVALID_INPUT", [{
        path,
        message,
      }]]);
    }
  },
);

onEachRoad(
  "exec with discard keeps head and tail of what is far above its limit, and gives the memory back",
  async (start) => {
    await using ops = await start({ maxBufferedBytes: 3_000_000 });
    const outcome = await ops.executeCommand({
      command: "head -c 500000000 /dev/zero; printf end",
      onLimit: "discard",
      maxBufferBytes: 1_000_000,
      tailBytes: 3,
    }, CALLER);
    assert(outcome.ok);
    assertEquals(String(outcome.result.stdout).slice(-4), "\0end");
    assertEquals(outcome.result.stdoutOmittedBytes, 499_500_000);
    const again = await ops.executeCommand({
      command: "head -c 10000000 /dev/zero",
      onLimit: "discard",
      maxBufferBytes: 2_500_000,
    }, CALLER);
    assert(again.ok);
  },
);

Deno.test({
  name:
    "exec with discard holds no more memory than its limit, whatever is printed",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using daemon = await TestDaemon.start(["-A"], {
      maxBufferedBytes: 3_000_000,
    });
    const exec = (request: Record<string, unknown>) =>
      daemon.do({
        operation: "exec",
        input: { onLimit: "discard", ...request },
      });
    await exec({ command: "seq 1 100000" });
    const before = residentBytes(daemon.id);
    const { ok, result }: Json = await exec({
      command: "head -c 500000000 /dev/zero; printf end",
      maxBufferBytes: 1_000_000,
      tailBytes: 3,
    });
    assert(ok);
    assertEquals(result.stdout.slice(-4), "\0end");
    assertEquals(result.stdout.length, 500_003);
    assertEquals(result.stdoutOmittedBytes, 499_500_000);
    assertLess(residentBytes(daemon.id) - before, 100_000_000);
    const again = await exec({
      command: "head -c 10000000 /dev/zero",
      maxBufferBytes: 2_500_000,
    });
    assert(again.ok); // the memory was given back
  },
});

/** What a process of its own holds; this one's holds other tests as well. */
function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

onEachRoad(
  "exec with discard ends an endless printer at its timeout, with what it kept",
  async (start) => {
    await using ops = await start();
    const outcome = await ops.executeCommand({
      command: "echo begin; yes",
      timeoutMs: 300,
      ...LIMITS,
    }, CALLER);
    assertEquals(!outcome.ok && outcome.error.code, "EXEC_TIMEOUT");
    assertEquals(String(outcome.result?.stdout).slice(0, 6), "begin\n");
    assertEquals(String(outcome.result?.stdout).length, 15);
  },
);

onEachRoad(
  "a stream with discard sends the head as it is printed",
  async (start) => {
    await using ops = await start();
    const sleep = endlessSleep();
    const events = await ops.streamCommand({
      command: `printf 12345678; ${sleep}`,
      timeoutMs: 60_000,
      ...LIMITS,
    }, CALLER);
    const { value } = await events[Symbol.asyncIterator]().next();
    assertEquals(value, { event: "stdout", data: { text: "123456" } });
    await events[Symbol.asyncIterator]().return?.();
    await until(async () => (await processesWith(sleep)).length === 0);
  },
);

onEachRoad(
  "a reader who takes nothing of the tail holds up nothing",
  async (start) => {
    await using ops = await start({ stallMs: 100 });
    const events = await ops.streamCommand({
      command: "head -c 5000000 /dev/zero",
      onLimit: "discard",
      headBytes: 0,
      tailBytes: 3_000_000,
    }, CALLER);
    const first = events[Symbol.asyncIterator]().next();
    await first;
    await ops.close(); // waits for what runs
  },
);
