import { assert, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { RecordingLogger } from "../../shared/testing/fakes.ts";
import { CALLER } from "../testing/host_ops.ts";
import { onEachRoad } from "../testing/variants.ts";
import {
  endlessSleep,
  processesWith,
  runs,
} from "../../shared/testing/processes.ts";
import { until } from "../../shared/testing/until.ts";

onEachRoad(
  "a killed reaper is replaced, and the next one ends what it never heard of",
  async (start) => {
    const log = new RecordingLogger();
    await using ops = await start({ log });
    await ops.executeCommand({ command: "true" }, CALLER);
    const before = ops.reaperId ?? 0;
    const sleep = endlessSleep();
    const running = ops.executeCommand(
      { command: `${sleep} & ${sleep}`, timeoutMs: 1_000 },
      CALLER,
    );
    await until(() => runs(sleep));
    Deno.kill(before, "SIGKILL");
    const outcome = await running;
    assertEquals(outcome.result?.timedOut, true);
    assertEquals(await processesWith(sleep), []);
    assertNotEquals(ops.reaperId, before);
    assertEquals(log.lines.some((it) => it.level === "warn"), true);
  },
);

onEachRoad(
  "a command that kills the reaper and leaves a job behind leaves nothing",
  async (start) => {
    await using ops = await start();
    await ops.executeCommand({ command: "true" }, CALLER);
    for (const redirect of ["", ">/dev/null 2>&1"]) {
      const sleep = endlessSleep();
      const outcome = await ops.executeCommand({
        command: `kill -9 ${ops.reaperId}; ${sleep} ${redirect} & echo done`,
      }, CALLER);
      assert(outcome.ok);
      assertEquals(outcome.result.stdout, "done\n");
      await until(async () => (await processesWith(sleep)).length === 0);
    }
  },
);

onEachRoad("a stopped reaper is replaced when it is needed", async (start) => {
  await using ops = await start();
  await ops.executeCommand({ command: "true" }, CALLER);
  const sleep = endlessSleep();
  const since = performance.now();
  const outcome = await ops.executeCommand({
    command: `kill -STOP ${ops.reaperId}; ${sleep} & ${sleep}`,
    timeoutMs: 200,
  }, CALLER);
  assertEquals(outcome.result?.timedOut, true);
  assertLess(performance.now() - since, 8_000);
  assertEquals(await processesWith(sleep), []);
});

onEachRoad(
  "signals that a command sprays do not end the reaper",
  async (start) => {
    await using ops = await start();
    await ops.executeCommand({ command: "true" }, CALLER);
    const before = ops.reaperId;
    for (const signal of ["TERM", "HUP", "INT", "QUIT", "PIPE", "USR1"]) {
      await ops.executeCommand(
        { command: `kill -${signal} ${before}` },
        CALLER,
      );
    }
    await ops.executeCommand({ command: "true" }, CALLER);
    assertEquals(ops.reaperId, before);
  },
);

onEachRoad(
  "shells that wait can be killed without harm to the next command",
  async (start) => {
    await using ops = await start({ warmShells: 2 });
    await ops.prepare();
    const killed = await ops.executeCommand({
      command:
        `for pid in $(ps -Ao pid=,ppid=,args= | awk -v p=$PPID '$2 == p && /sh -c baa[_]nl=/ { print $1 }'); do
      kill -9 $pid
      while kill -0 $pid 2>/dev/null; do sleep 0.01; done
    done`,
    }, CALLER);
    assert(killed.ok);
    for (let i = 0; i < 5; i++) {
      const next = await ops.executeCommand({ command: "echo next" }, CALLER);
      assertEquals(next.result?.stdout, "next\n");
    }
  },
);
