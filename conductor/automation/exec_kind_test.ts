import { assertEquals, assertRejects } from "@std/assert";
import {
  type ExecInput,
  type HostOps,
  type Normalised,
  normaliseExec,
} from "../../host_ops/mod.ts";
import { AppError } from "../../shared/errors.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { tempDir, unimplemented } from "../../shared/testing/fakes.ts";
import { type RunContext, RunStopped } from "./task_kind.ts";
import { execKind } from "./exec_kind.ts";
import { RunOutputs } from "./run_outputs.ts";

type Capture = HostOps["captureCommand"];

const FACTS = {
  exitCode: 0,
  signal: null,
  durationMs: 5,
  startedAt: "2026-01-01T00:00:00.000Z",
  finishedAt: "2026-01-01T00:00:00.005Z",
  timedOut: false,
  stdoutBytes: 3,
  stderrBytes: 1,
  truncated: false,
  heldOpen: false,
};

const INPUT = {
  cwd: "/",
  timeoutMs: 1,
  maxBufferBytes: 1,
  onLimit: "kill",
} as const;

function contextOf(rest: Partial<RunContext> = {}) {
  const lines: string[] = [];
  const context: RunContext = {
    task_id: "task_1",
    run_id: "run_1",
    attempt: 1,
    timeout_ms: null,
    signal: new AbortController().signal,
    log(stream, text) {
      lines.push(`${stream} ${text}`);
      return Promise.resolve();
    },
    note: () => unimplemented("note"),
    ...rest,
  };
  return { context, lines };
}

/** A command that prints a little and ends well; keeps what it was asked for. */
function fakeCapture() {
  const asked: (Normalised<ExecInput> & { actor: unknown })[] = [];
  const bytes = (text: string) => new TextEncoder().encode(text);
  const captureCommand: Capture = async (
    request,
    { actor },
    { stdout, stderr },
  ) => {
    // It is normalised already, and taken as it is.
    asked.push({ ...normaliseExec(request, { cwd: "/nowhere" }), actor });
    await stdout.write(bytes("out"));
    await stderr.write(bytes("e"));
    return { ok: true, operation: "exec", input: INPUT, result: FACTS };
  };
  return { asked, captureCommand };
}

/** A kind whose outputs are kept in a folder of the test's. */
async function testKind(
  hostOps:
    & Pick<HostOps, "captureCommand">
    & Partial<Pick<HostOps, "keepCommand">>,
) {
  const folder = await tempDir();
  const outputs = new RunOutputs(folder.join("jobs"));
  const clock = new FakeClock();
  return {
    kind: execKind({
      keepCommand: () => unimplemented("keepCommand"),
      ...hostOps,
    }, { cwd: "/", outputs, clock }),
    outputs,
    clock,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("execKind() passes output to the log and to files, and the exit to the outcome", async () => {
  const { asked, captureCommand } = fakeCapture();
  await using it = await testKind({ captureCommand });
  const { context, lines } = contextOf();
  const payload = it.kind.payload.parse({ command: "x" });
  assertEquals(await it.kind.run(payload, context), {
    ok: true,
    code: null,
    message: null,
    result: {
      exit_code: 0,
      signal: null,
      duration_ms: 5,
      timed_out: false,
      stdout_bytes: 3,
      stderr_bytes: 1,
      truncated: false,
      held_open: false,
    },
  });
  assertEquals(lines.filter((it) => !it.endsWith(" ")), [
    "stdout out",
    "stderr e",
  ]);
  const { input } = normaliseExec({ command: "x" }, { cwd: "/" });
  assertEquals(asked, [{
    input: { ...input, timeoutMs: 0, maxBufferBytes: 268_435_456 },
    issues: [],
    actor: {
      name: "scheduler",
      source: "task",
      task_id: "task_1",
      run_id: "run_1",
    },
  }]);
  const kept = await it.outputs.read("run_1", {
    stream: "stdout",
    offset: 1,
    maxBytes: 10,
  });
  assertEquals(new TextDecoder().decode(kept?.bytes), "ut");
  assertEquals(kept?.size, 3);
});

Deno.test("execKind() leaves the time of a command to its task", async () => {
  const { asked, captureCommand } = fakeCapture();
  await using it = await testKind({ captureCommand });
  for (const [run_id, own] of [["a", {}], ["b", { timeoutMs: 5 }]] as const) {
    const { context } = contextOf({ timeout_ms: 9000, run_id });
    const payload = it.kind.payload.parse({ command: "x", ...own });
    await it.kind.run(payload, context);
  }
  assertEquals(asked.map((it) => it.input.timeoutMs), [0, 0]);
});

Deno.test("execKind() waits for its turn while too many commands run", async () => {
  const { asked, captureCommand } = fakeCapture();
  let busy = 2;
  const refused = Promise.withResolvers<void>();
  await using it = await testKind({
    captureCommand(...args) {
      if (busy-- === 0) return captureCommand(...args);
      refused.resolve();
      return Promise.reject(new AppError("TOO_MANY_REQUESTS"));
    },
  });
  const { context } = contextOf();
  const run = it.kind.run(it.kind.payload.parse({ command: "x" }), context);
  await refused.promise;
  await it.clock.advance(0);
  await it.clock.advance(2000);
  assertEquals((await run).ok, true);
  assertEquals(asked.length, 1);
});

Deno.test("execKind() does not wait for its turn when it is told to end", async () => {
  const stop = new AbortController();
  const refused = Promise.withResolvers<void>();
  await using it = await testKind({
    captureCommand() {
      refused.resolve();
      return Promise.reject(new AppError("TOO_MANY_REQUESTS"));
    },
  });
  const { context } = contextOf({ signal: stop.signal });
  const run = it.kind.run(it.kind.payload.parse({ command: "x" }), context);
  await refused.promise;
  await it.clock.advance(500);
  stop.abort(new RunStopped("CANCELED", "no more"));
  await assertRejects(() => run, AppError);
  assertEquals(it.clock.pending, 0);
});

Deno.test("execKind() refuses a payload as the host operation does", async () => {
  await using it = await testKind({
    captureCommand: () => unimplemented("captureCommand"),
  });
  const { payload, example } = it.kind;
  assertEquals(payload.safeParse(example).success, true);
  for (
    const [bad, path] of [
      [{}, "command"],
      [{ command: "x", args: ["y"] }, "command"],
      [{ command: "x", timeoutMS: 1 }, "timeoutMS"],
      [{ command: "x", detach: true }, "detach"],
      [{ command: "x".repeat(131_072) }, "command"],
      [{ command: "x", headBytes: 1 }, "headBytes"],
      [{ command: "x", env: { LD_PRELOAD: "y" } }, "env.LD_PRELOAD"],
    ] as const
  ) {
    const { error } = payload.safeParse(bad);
    assertEquals(error?.issues[0]?.path.join("."), path);
  }
});

Deno.test("execKind() watches a command of another term as soon as that can be recorded", async () => {
  let tries = 0;
  const stop = new AbortController();
  await using it = await testKind({
    captureCommand: () => unimplemented("captureCommand"),
    keepCommand: () => {
      if (++tries < 3) throw new AppError("NOT_READY");
      const result = FACTS;
      return Promise.resolve(
        { ok: true, operation: "exec", input: INPUT, result } as const,
      );
    },
  });
  const { context } = contextOf({
    signal: stop.signal,
    command: {
      survive: true,
      isTakenUp: true,
      max_output_bytes: null,
      logged: { stdout: 0, stderr: 0 },
      open() {},
      skip() {},
      endOutput() {},
    },
  });
  const payload = it.kind.payload.parse({ command: "x" });
  const outcome = it.kind.run(payload, context);
  await it.clock.advance(0);
  // It must end, but nobody may forget that it runs.
  stop.abort(new RunStopped("CANCELED", "The task was canceled"));
  await it.clock.advance(1000);
  assertEquals(tries, 2);
  await it.clock.advance(1000);
  assertEquals((await outcome).ok, true);
});
