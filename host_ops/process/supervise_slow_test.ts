import { assert, assertEquals, assertLess } from "@std/assert";
import { tempDir } from "../../shared/testing/fakes.ts";
import type { HostOps } from "../mod.ts";
import { CALLER } from "../testing/host_ops.ts";
import { onEachRoad, startVariant, VARIANTS } from "../testing/variants.ts";
import {
  endlessSleep,
  processesWith,
  runs,
} from "../../shared/testing/processes.ts";
import { program } from "../testing/search_path.ts";
import { until } from "../../shared/testing/until.ts";

/** Far more than any of these calls needs, far less than what they would wait for. */
const ON_TIME_MS = 5_000;

async function timed(
  ops: HostOps,
  request: Readonly<Record<string, unknown>>,
) {
  const since = performance.now();
  const outcome = await ops.executeCommand(request, CALLER);
  assertLess(performance.now() - since, ON_TIME_MS);
  return outcome;
}

async function assertNoneLeft(sleep: string) {
  assertEquals(await processesWith(sleep), []);
}

for (const variant of VARIANTS) {
  const start = () => startVariant(variant);
  const name = (text: string) => `executeCommand() ${text} (${variant.name})`;

  Deno.test(name("kills the whole tree when the time is over"), async () => {
    await using ops = await start();
    const sleep = endlessSleep();
    const outcome = await timed(ops, {
      command: `echo early; ${sleep} & (${sleep} & ${sleep}) | ${sleep}`,
      timeoutMs: 300,
    });
    assert(!outcome.ok);
    assertEquals(outcome.error.code, "EXEC_TIMEOUT");
    assertEquals(outcome.result?.timedOut, true);
    assertEquals(outcome.result?.stdout, "early\n");
    assertEquals(outcome.result?.heldOpen, false);
    await assertNoneLeft(sleep);
  });

  Deno.test(name("kills what ignores SIGTERM"), async () => {
    await using ops = await start();
    const sleep = endlessSleep();
    const outcome = await timed(ops, {
      command: `trap '' TERM; ${sleep} & ${sleep}; ${sleep}`,
      timeoutMs: 300,
    });
    assertEquals(outcome.result?.timedOut, true);
    assertEquals(outcome.result?.signal, "SIGKILL");
    await assertNoneLeft(sleep);
  });

  Deno.test(name("lets a command clean up after SIGTERM"), async () => {
    await using ops = await start();
    const sleep = endlessSleep();
    const outcome = await timed(ops, {
      command:
        `trap 'echo cleaned; exit 9' TERM; echo ready; ${sleep} & wait; wait`,
      timeoutMs: 300,
    });
    assertEquals(outcome.result?.timedOut, true);
    assertEquals(outcome.result?.exitCode, 9);
    assertEquals(outcome.result?.stdout, "ready\ncleaned\n");
    await assertNoneLeft(sleep);
  });

  Deno.test(
    name("lets a grandchild clean up though its parent is gone"),
    async () => {
      await using dir = await tempDir();
      await using ops = await start();
      const outcome = await timed(ops, {
        command:
          `(trap 'echo saved > saved; exit' TERM; while :; do sleep 0.01; done) & wait`,
        cwd: dir.path,
        timeoutMs: 300,
      });
      assertEquals(outcome.result?.timedOut, true);
      assertEquals(await Deno.readTextFile(dir.join("saved")), "saved\n");
    },
  );

  Deno.test(
    name("does not wait for background jobs and ends them"),
    async () => {
      await using ops = await start();
      const sleep = endlessSleep();
      for (const redirect of ["", ">/dev/null 2>&1"]) {
        const outcome = await timed(ops, {
          command: `${sleep} ${redirect} & ( ( ${sleep} & ) & ) ; echo done`,
          timeoutMs: 60_000,
        });
        assert(outcome.ok);
        assertEquals(outcome.result.stdout, "done\n");
        assertEquals(outcome.result.heldOpen, false);
        await until(async () => (await processesWith(sleep)).length === 0);
      }
    },
  );

  Deno.test({
    name: name("says that a process which left the session holds the output"),
    ignore: Deno.build.os !== "linux", // there is no setsid elsewhere
    fn: async () => {
      await using ops = await start();
      const setsid = await program("setsid");
      const sleep = endlessSleep();
      try {
        const ended = await timed(ops, {
          command: `${setsid} ${sleep} & sleep 0.2; echo done`,
        });
        assert(ended.ok);
        assertEquals(ended.result.stdout, "done\n");
        assertEquals(ended.result.heldOpen, true);
        const late = await timed(ops, {
          command: `${setsid} ${sleep}; true`,
          timeoutMs: 300,
        });
        assertEquals(late.result?.timedOut, true);
        assertEquals(late.result?.heldOpen, true);
      } finally {
        for (const id of await processesWith(sleep)) Deno.kill(id, "SIGKILL");
      }
    },
  });

  Deno.test(
    name("keeps the first bytes of an endless output and kills it"),
    async () => {
      await using ops = await start();
      for (const command of ["yes", "yes | cat", "yes >&2"]) {
        const outcome = await timed(ops, { command, maxBufferBytes: 100_000 });
        assert(!outcome.ok);
        assertEquals(outcome.error.code, "EXEC_OUTPUT_LIMIT");
        assertEquals(outcome.result?.truncated, true);
        const { stdout = "", stderr = "" } = outcome.result ?? {};
        assertEquals(`${stdout}${stderr}`, "y\n".repeat(50_000));
      }
    },
  );

  Deno.test(name("is killed when its caller leaves"), async () => {
    await using ops = await start();
    const sleep = endlessSleep();
    const leaving = new AbortController();
    const running = ops.executeCommand(
      { command: `echo started; ${sleep} & ${sleep}` },
      { ...CALLER, signal: leaving.signal },
    );
    await until(() => runs(sleep));
    leaving.abort();
    const outcome = await running;
    assert(!outcome.ok);
    assertEquals(outcome.error.code, "CANCELED");
    assertEquals(outcome.result?.stdout, "started\n");
    await assertNoneLeft(sleep);
  });
}

onEachRoad(
  "executeCommand() keeps exactly as many bytes as may be kept",
  async (start) => {
    await using ops = await start();
    const full = await timed(ops, {
      command: "printf 12345",
      maxBufferBytes: 5,
    });
    assert(full.ok);
    const over = await timed(ops, {
      command: "printf 123456; printf 1 >&2",
      maxBufferBytes: 5,
    });
    assertEquals(over.ok, false);
    assertEquals(over.result?.stdout, "12345");
    assertEquals(over.result?.stdoutBytes, 6);
  },
);

onEachRoad("executeCommand() cuts between characters", async (start) => {
  await using ops = await start();
  const outcome = await timed(ops, {
    command: "printf 'aé😀😀'",
    maxBufferBytes: 9,
  });
  assertEquals(outcome.result?.stdout, "aé😀");
});

onEachRoad(
  "executeCommand() holds no more memory than all commands together may",
  async (start) => {
    await using ops = await start({ maxBufferedBytes: 1_000_000 });
    const requests = Array.from({ length: 4 }, () => ({
      command: "yes",
      maxBufferBytes: 60_000_000,
    }));
    const outcomes = await Promise.all(requests.map((it) => timed(ops, it)));
    for (const outcome of outcomes) {
      assert(!outcome.ok);
      assertEquals(outcome.error.code, "EXEC_OUTPUT_LIMIT");
      assertEquals(outcome.error.retryable, true);
      assertLess(String(outcome.result?.stdout).length, 1_000_001);
    }
    const after = await timed(ops, { command: "seq 1 10000" });
    assert(after.ok);
  },
);

onEachRoad(
  "executeCommand() keeps memory bounded under much output in small pieces",
  async (start) => {
    await using ops = await start();
    const before = Deno.memoryUsage().rss;
    const outcome = await timed(ops, {
      command: "i=0; while [ $i -lt 20000 ]; do echo x; i=$((i+1)); done",
      timeoutMs: 4_000,
    });
    assertEquals(String(outcome.result?.stdout).length, 40_000);
    assertLess(Deno.memoryUsage().rss - before, 200_000_000);
  },
);

onEachRoad(
  "close() kills what runs, says so, and refuses what comes after",
  async (start) => {
    const ops = await start();
    const sleep = endlessSleep();
    const running = ops.executeCommand({ command: sleep }, CALLER);
    await until(() => runs(sleep));
    await ops.close();
    const outcome = await running;
    assert(!outcome.ok);
    assertEquals(outcome.error.code, "EXEC_FAILED");
    assertEquals(outcome.error.retryable, true);
    assertEquals(outcome.error.details, { reason: "shutting_down" });
    await assertNoneLeft(sleep);
    const refused = await ops.executeCommand({ command: "true" }, CALLER)
      .catch((error) => error);
    assertEquals(refused.code, "SHUTTING_DOWN");
  },
);
