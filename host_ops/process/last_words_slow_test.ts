import {
  assert,
  assertEquals,
  assertLess,
  assertStringIncludes,
} from "@std/assert";
import { endlessSleep, processesWith } from "../../shared/testing/processes.ts";
import { until } from "../../shared/testing/until.ts";
import type { ExecExit, HostOps } from "../mod.ts";
import { CALLER } from "../testing/host_ops.ts";
import { program } from "../testing/search_path.ts";
import { onEachRoad, startVariant, VARIANTS } from "../testing/variants.ts";

/** Runs a command, streamed, as the other form tells of it. */
async function streamed(ops: HostOps, request: unknown) {
  const printed = { stdout: "", stderr: "" };
  let exit: ExecExit | undefined;
  for await (
    const { event, data } of await ops.streamCommand(request, CALLER)
  ) {
    if (event === "exit") exit = data;
    else printed[event] += data.text;
  }
  assert(exit !== undefined);
  return { ...exit, result: { ...printed, ...exit.result } };
}

const FORMS = {
  whole: (ops: HostOps, request: unknown) =>
    ops.executeCommand(request, CALLER),
  streamed,
};

for (const variant of VARIANTS) {
  for (const [form, exec] of Object.entries(FORMS)) {
    const name = (text: string) => `exec ${text} (${form}, ${variant.name})`;

    Deno.test(name("reads the last words of background jobs"), async () => {
      await using ops = await startVariant(variant);
      for (const seconds of [0.2, 0.9]) {
        const { ok, hint, result } = await exec(ops, {
          command: `(sleep ${seconds}; echo late; echo x >&2) & echo now`,
        });
        assertEquals(ok, true);
        assertEquals(result?.stdout, "now\nlate\n");
        assertEquals(result?.stderr, "x\n");
        assertEquals(result?.truncated, false);
        assertEquals(result?.killedProcesses, undefined);
        assertEquals(hint, undefined);
      }
    });

    Deno.test(name("says what it killed, and how to keep it"), async () => {
      await using ops = await startVariant(variant);
      const sleep = endlessSleep();
      const since = performance.now();
      const { ok, hint, result } = await exec(ops, {
        command: `(sleep 5; echo late) & ${sleep} & echo now`,
      });
      assertLess(performance.now() - since, 4_000);
      assertEquals(ok, true);
      assertEquals(result?.stdout, "now\n");
      assertEquals(result?.truncated, true);
      // the subshell, what it waits for, and the other one
      assertEquals(result?.killedProcesses, 3);
      assertStringIncludes(hint ?? "", "detach");
      assertEquals(result?.heldOpen, false);
      await until(async () => (await processesWith(sleep)).length === 0);
    });

    Deno.test(
      name("kills at once what holds no output, and says so"),
      async () => {
        await using ops = await startVariant(variant);
        const sleep = endlessSleep();
        const { ok, hint, result } = await exec(ops, {
          command: `nohup ${sleep} >/dev/null 2>&1 & echo now`,
        });
        assertEquals(ok, true);
        assertEquals(result?.stdout, "now\n");
        assertEquals(result?.truncated, false);
        assertEquals(result?.killedProcesses, 1);
        assertStringIncludes(hint ?? "", "detach");
        assertLess(result?.durationMs ?? Infinity, 900);
        await until(async () => (await processesWith(sleep)).length === 0);
      },
    );

    Deno.test({
      name: name("reads what a substituted process prints after the end"),
      ignore: await program("bash") === undefined,
      fn: async () => {
        await using ops = await startVariant(variant);
        const script = "exec > >(sleep 0.2; cat); echo hello";
        const { result } = await exec(ops, { args: ["bash", "-c", script] });
        assertEquals(result?.stdout, "hello\n");
        assertEquals(result?.truncated, false);
        assertEquals(result?.killedProcesses, undefined);
      },
    });
  }
}

onEachRoad(
  "exec tells nothing of processes that ended just before, whoever collects them",
  async (start) => {
    await using ops = await start();
    for (let i = 0; i < 20; i++) {
      const outcome = await ops.executeCommand({
        command: "sleep 0.0$(($$ % 9)) & sleep 0 & exec true",
      }, CALLER);
      assertEquals(outcome.result?.killedProcesses, undefined);
      assertEquals(outcome.result?.truncated, false);
    }
  },
);

onEachRoad(
  "exec hears no last words after its time, or when its caller has left",
  async (start) => {
    await using ops = await start();
    const command = "(sleep 5; echo late) & echo now";
    const timed = await ops.executeCommand({ command, timeoutMs: 100 }, CALLER);
    assertEquals(timed.ok, true);
    assertLess(timed.result?.durationMs ?? Infinity, 700);
    assertEquals(timed.result?.killedProcesses, 2);
    const leaving = new AbortController();
    const context = { ...CALLER, signal: leaving.signal };
    const left = ops.executeCommand({ command }, context);
    setTimeout(() => leaving.abort(), 100);
    assertLess((await left).result?.durationMs ?? Infinity, 700);
  },
);

onEachRoad(
  "exec says that an output was cut short by the end of its command",
  async (start) => {
    await using ops = await start();
    const timed = await ops.executeCommand(
      { command: "echo early; sleep 5", timeoutMs: 100 },
      CALLER,
    );
    assertEquals(timed.result?.stdout, "early\n");
    assertEquals(timed.result?.truncated, true);
  },
);

onEachRoad(
  "what a command leaves behind holds no more memory than may be kept",
  async (start) => {
    await using ops = await start();
    const outcome = await ops.executeCommand(
      { command: "yes & echo now", maxBufferBytes: 1_000_000 },
      CALLER,
    );
    assertEquals(!outcome.ok && outcome.error.code, "EXEC_OUTPUT_LIMIT");
    assertEquals(outcome.result?.truncated, true);
  },
);

// perl makes a group, but no session
for (const variant of VARIANTS.filter(({ name }) => !name.includes("perl"))) {
  Deno.test({
    name: `exec reaches jobs of a shell with job control (${variant.name})`,
    ignore: Deno.build.os !== "linux" || await program("bash") === undefined,
    fn: async () => {
      await using ops = await startVariant(variant);
      const run = (script: string, timeoutMs = 30_000) =>
        ops.executeCommand(
          { args: ["bash", "-c", `set -m; ${script}`], timeoutMs },
          CALLER,
        );
      const sleep = endlessSleep();
      const late = await run("(sleep 0.3; echo late) & echo now");
      assertEquals(late.result?.stdout, "now\nlate\n");
      assertEquals(late.result?.killedProcesses, undefined);
      const held = await run(`${sleep} & echo now`);
      assertEquals(held.result?.stdout, "now\n");
      assertEquals(held.result?.killedProcesses, 1);
      assertEquals(held.result?.heldOpen, false);
      const timed = await run(`${sleep} >/dev/null & ${sleep}`, 300);
      assertEquals(timed.result?.timedOut, true);
      await until(async () => (await processesWith(sleep)).length === 0);
    },
  });
}
