import { assertEquals, assertRejects } from "@std/assert";
import {
  type ExecInput,
  type HostOps,
  type Normalised,
  normaliseExec,
} from "../../host_ops/mod.ts";
import { AppError } from "../../shared/errors.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { unimplemented } from "../../shared/testing/fakes.ts";
import { type RunContext, RunStopped } from "./task_kind.ts";
import { execKind } from "./exec_kind.ts";

type Stream = HostOps["streamCommand"];

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

const INPUT = { cwd: "/", timeoutMs: 1, maxBufferBytes: 1 };

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
function fakeStream() {
  const asked: (Normalised<ExecInput> & { actor: unknown })[] = [];
  // deno-lint-ignore require-await -- as the real one
  const stream: Stream = async (request, { actor }) => {
    // It is normalised already, and taken as it is.
    asked.push({ ...normaliseExec(request, { cwd: "/nowhere" }), actor });
    return (async function* () {
      yield { event: "stdout", data: { text: "out" } } as const;
      yield { event: "stderr", data: { text: "e" } } as const;
      yield {
        event: "exit",
        data: { ok: true, operation: "exec", input: INPUT, result: FACTS },
      } as const;
    })();
  };
  return { asked, stream };
}

Deno.test("execKind() passes output to the log and the exit to the outcome", async () => {
  const { asked, stream } = fakeStream();
  const kind = execKind({ streamCommand: stream }, {
    cwd: "/",
    clock: new FakeClock(),
  });
  const { context, lines } = contextOf();
  assertEquals(await kind.run(kind.payload.parse({ command: "x" }), context), {
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
  assertEquals(lines, ["stdout out", "stderr e"]);
  assertEquals(asked, [{
    ...normaliseExec({ command: "x", timeoutMs: 0 }, { cwd: "/" }),
    actor: {
      name: "scheduler",
      source: "task",
      task_id: "task_1",
      run_id: "run_1",
    },
  }]);
});

Deno.test("execKind() leaves the time of a command to its task", async () => {
  const { asked, stream } = fakeStream();
  const kind = execKind({ streamCommand: stream }, {
    cwd: "/",
    clock: new FakeClock(),
  });
  const { context } = contextOf({ timeout_ms: 9000 });
  for (const own of [{}, { timeoutMs: 5 }, { timeout_ms: 6 }]) {
    await kind.run(kind.payload.parse({ command: "x", ...own }), context);
  }
  assertEquals(asked.map((it) => it.input.timeoutMs), [0, 0, 0]);
});

Deno.test("execKind() waits for its turn while too many commands run", async () => {
  const { asked, stream } = fakeStream();
  const clock = new FakeClock();
  let busy = 2;
  const kind = execKind({
    streamCommand: (request, context) =>
      busy-- > 0
        ? Promise.reject(new AppError("TOO_MANY_REQUESTS"))
        : stream(request, context),
  }, { cwd: "/", clock });
  const { context } = contextOf();
  const run = kind.run(kind.payload.parse({ command: "x" }), context);
  await clock.advance(0);
  await clock.advance(2000);
  assertEquals((await run).ok, true);
  assertEquals(asked.length, 1);
});

Deno.test("execKind() does not wait for its turn when it is told to end", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const kind = execKind({
    streamCommand: () => Promise.reject(new AppError("TOO_MANY_REQUESTS")),
  }, { cwd: "/", clock });
  const { context } = contextOf({ signal: stop.signal });
  const run = kind.run(kind.payload.parse({ command: "x" }), context);
  await clock.advance(500);
  stop.abort(new RunStopped("CANCELED", "no more"));
  await assertRejects(() => run, AppError);
  assertEquals(clock.pending, 0);
});

Deno.test("execKind() refuses a payload as the host operation does", () => {
  const { payload, example } = execKind({
    streamCommand: () => unimplemented("streamCommand"),
  }, { cwd: "/", clock: new FakeClock() });
  assertEquals(payload.safeParse(example).success, true);
  for (
    const [bad, path] of [
      [{}, "command"],
      [{ command: "x", args: ["y"] }, "command"],
      [{ command: "x", timeoutMS: 1 }, "timeoutMS"],
      [{ command: "x", env: { LD_PRELOAD: "y" } }, "env.LD_PRELOAD"],
    ] as const
  ) {
    const { error } = payload.safeParse(bad);
    assertEquals(error?.issues[0]?.path.join("."), path);
  }
});
