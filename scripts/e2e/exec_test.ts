import { assert, assertEquals, assertLess } from "@std/assert";
import { startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";
import { residentMiB } from "../bench/harness.ts";
import {
  processesWith,
  waitUntilGone,
} from "../../shared/testing/processes.ts";
import { until } from "../../shared/testing/until.ts";
import { readEvents } from "../../shared/testing/sse_reader.ts";

interface Case {
  readonly name: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly code?: string;
  readonly result?: Readonly<Record<string, unknown>>;
  /** The answer comes within this. */
  readonly withinMs: number;
}

/** A sleep that can be told from every other in the process list. */
let nextMarker = 0;
function mark(): string {
  return `${Deno.pid}.${++nextMarker}`;
}

const CASES: readonly ((marker: string) => Case)[] = [
  (m) => ({
    name: "a tree that outlives its timeout",
    request: { command: `sleep 9${m} & sleep 9${m}`, timeoutMs: 300 },
    code: "EXEC_TIMEOUT",
    result: { timedOut: true },
    withinMs: 3000,
  }),
  (m) => ({
    name: "a background job that keeps the pipes",
    request: { command: `sleep 9${m} & echo done` },
    result: { stdout: "done\n", exitCode: 0 },
    withinMs: 3000,
  }),
  () => ({
    name: "a large output that comes after the caller had to wait",
    request: { command: "sleep 1.2; head -c 100000 /dev/zero | tr '\\0' x" },
    result: { stdout: "x".repeat(100_000), exitCode: 0 },
    withinMs: 8000,
  }),
  (m) => ({
    name: "an endless printer",
    request: { command: `yes 9${m}`, maxBufferBytes: 100_000 },
    code: "EXEC_OUTPUT_LIMIT",
    result: { truncated: true },
    withinMs: 3000,
  }),
  (m) => ({
    name: "a command that ignores TERM",
    request: {
      command: `trap '' TERM; sleep 9${m}; sleep 9${m}`,
      timeoutMs: 300,
    },
    code: "EXEC_TIMEOUT",
    withinMs: 4000,
  }),
  (m) => ({
    name: "a command that cleans up on TERM",
    request: {
      command: `trap 'echo cleaned; exit 9' TERM; sleep 9${m} & wait`,
      timeoutMs: 300,
    },
    code: "EXEC_TIMEOUT",
    result: { stdout: "cleaned\n", timedOut: true },
    withinMs: 4000,
  }),
  (m) => ({
    name: "a daemonised grandchild that keeps stdout",
    request: { command: `( ( sleep 9${m} & ) & ); echo ok` },
    result: { stdout: "ok\n" },
    withinMs: 3000,
  }),
  () => ({
    name: "a process that left the session",
    request: { command: "setsid sleep 2 & echo ok" },
    result: { stdout: "ok\n", heldOpen: true },
    withinMs: 1800,
  }),
  () => ({
    name: "a reader of a closed standard input",
    request: { command: "cat; echo end" },
    result: { stdout: "end\n" },
    withinMs: 3000,
  }),
  () => ({
    name: "standard input that is never read",
    request: { command: "true", stdin: "x".repeat(5_000_000) },
    result: { exitCode: 0 },
    withinMs: 5000,
  }),
  () => ({
    name: "a failing command",
    request: { command: "echo out; echo err >&2; exit 7" },
    code: "EXEC_EXIT_NON_ZERO",
    result: { stdout: "out\n", stderr: "err\n", exitCode: 7 },
    withinMs: 3000,
  }),
  () => ({
    name: "a command that kills itself",
    request: { command: "kill -SEGV $$" },
    code: "EXEC_EXIT_NON_ZERO",
    result: { signal: "SIGSEGV" },
    withinMs: 3000,
  }),
  () => ({
    name: "a missing working folder",
    request: { command: "true", cwd: "/nowhere/at/all" },
    code: "EXEC_FAILED",
    withinMs: 3000,
  }),
  () => ({
    name: "an argv that no shell interprets",
    request: { args: ["printf", "%s|", "$HOME", "a b", "'"] },
    result: { stdout: "$HOME|a b|'|" },
    withinMs: 3000,
  }),
];

Deno.test("exec answers every nasty command on time and leaves nothing running", async () => {
  await using conductor = await startDaemon("conductor");
  for (const make of CASES) {
    const marker = mark();
    const { name, request, code, result = {}, withinMs } = make(marker);
    const started = performance.now();
    const { status, data } = await call(`${conductor.origin}/v1/exec`, request);
    const took = performance.now() - started;
    assertEquals(status, 200, name);
    assertEquals(data.error?.code, code, `${name}: ${JSON.stringify(data)}`);
    assertLess(took, withinMs, name);
    for (const [key, value] of Object.entries(result)) {
      assertEquals(data.result[key], value, `${name}: ${key}`);
    }
    assertEquals(await waitUntilGone(`9${marker}`), [], name);
  }
});

Deno.test("exec keeps the daemon's memory bounded whatever is printed", async () => {
  await using conductor = await startDaemon("conductor");
  const exec = () =>
    call(`${conductor.origin}/v1/exec`, {
      command: "head -c 200000000 /dev/zero",
      maxBufferBytes: 1_048_576,
    });
  await exec();
  const before = await residentMiB(conductor.pid);
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all([exec(), exec(), exec(), exec()]);
    for (const { data } of answers) {
      assertEquals(data.error.code, "EXEC_OUTPUT_LIMIT");
      assertEquals(data.result.stdout.length, 1_048_576);
    }
  }
  assertLess(await residentMiB(conductor.pid) - before, 150);
});

Deno.test("exec survives a command that kills the reaper", async () => {
  await using conductor = await startDaemon("conductor");
  const marker = mark();
  const url = `${conductor.origin}/v1/exec`;
  const { data } = await call(url, {
    command:
      `for p in $(ps -A -o pid=,ppid= | awk '$2 == ${conductor.pid} {print $1}'); do [ "$p" = "$$" ] || kill -9 "$p"; done; sleep 9${marker} & sleep 9${marker}`,
    timeoutMs: 500,
  });
  assertEquals(data.error?.code, "EXEC_TIMEOUT");
  assertEquals(await waitUntilGone(`9${marker}`), []);
  const after = await call(url, { command: "echo alive" });
  assertEquals(after.data.result.stdout, "alive\n");
});

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  Deno.test(`a daemon that ends by ${signal} leaves no command behind`, async () => {
    await using conductor = await startDaemon("conductor");
    const marker = mark();
    const running = call(`${conductor.origin}/v1/exec`, {
      command:
        `trap '' TERM; sleep 9${marker} & sleep 9${marker}; sleep 9${marker}`,
      timeoutMs: 0,
    }).catch((error) => error);
    await until(() => processesWith(`9${marker}`), (it) => it.length >= 2);
    conductor.child.kill(signal);
    const { code } = await conductor.child.status;
    assertEquals(code, signal === "SIGTERM" ? 0 : 137);
    assertEquals(await waitUntilGone(`9${marker}`), []);
    await running;
  });
}

Deno.test("a client that leaves kills its command, streamed or not", async () => {
  await using conductor = await startDaemon("conductor");
  for (
    const [accept, stdin] of [
      ["application/json", ""],
      // What comes after its head the runtime watches less.
      ["application/json", "x".repeat(70_000)],
      ["text/event-stream", ""],
      ["text/event-stream", "x".repeat(2000)],
    ] as const
  ) {
    const marker = mark();
    const leave = new AbortController();
    const request = fetch(`${conductor.origin}/v1/exec`, {
      method: "POST",
      headers: { "content-type": "application/json", accept },
      body: JSON.stringify({
        command: `echo hi; sleep 9${marker} & sleep 9${marker}`,
        stdin,
      }),
      signal: leave.signal,
    }).catch(() => undefined);
    await until(() => processesWith(`9${marker}`), (it) => it.length > 1);
    leave.abort();
    const response = await request;
    await response?.body?.cancel().catch(() => {});
    assertEquals(await waitUntilGone(`9${marker}`), [], accept);
  }
});

Deno.test("polls whose clients have left make room for others at once", async () => {
  await using conductor = await startDaemon("conductor");
  // Nothing ever comes that they wait for.
  const nobody = `${conductor.origin}/v1/audit?actor=nobody`;
  const wait = (ms: number) => `${nobody}&wait_ms=${ms}`;
  const leave = new AbortController();
  const poll = async () => {
    // One that is refused, since the look below has its place, comes again.
    while (!leave.signal.aborted) {
      await fetch(wait(55_000), { signal: leave.signal })
        .then((it) => it.text()).catch(() => {});
    }
  };
  const polls = Array.from({ length: 64 }, poll);
  const statusOfAnother = async () => {
    const answer = await fetch(wait(1));
    await answer.body?.cancel();
    return answer.status;
  };
  await until(statusOfAnother, (it) => it === 429);
  leave.abort();
  await Promise.all(polls);
  await until(statusOfAnother, (it) => it === 200);
});

Deno.test("exec streams output as it comes and ends with exit", async () => {
  await using conductor = await startDaemon("conductor");
  const response = await fetch(`${conductor.origin}/v1/exec`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
    },
    body: JSON.stringify({ command: "echo one; echo two >&2; exit 3" }),
  });
  assertEquals(response.status, 200);
  assertEquals(
    response.headers.get("content-type"),
    "text/event-stream; charset=utf-8",
  );
  const events = await Array.fromAsync(readEvents(response));
  const textOf = (name: string) =>
    events.filter((it) => it.event === name).map((it) => it.data.text).join("");
  assertEquals(textOf("stdout"), "one\n");
  assertEquals(textOf("stderr"), "two\n");
  assertEquals(events.at(-1)?.event, "exit");
  assertEquals(events.at(-1)?.data.error.code, "EXEC_EXIT_NON_ZERO");
});

Deno.test("a command sees neither the daemon's token nor its variables", async () => {
  const token = "canary-token-5f2c-9d41";
  await using conductor = await startDaemon("conductor", {
    BAA_SHARED_TOKEN: token,
    SOME_SECRET: "canary-env-77aa",
  });
  const response = await fetch(`${conductor.origin}/v1/exec`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ command: "env" }),
  });
  const { data } = await response.json();
  assertEquals(data.ok, true);
  assert(!data.result.stdout.includes(token));
  assert(!data.result.stdout.includes("canary-env-77aa"));
  assert(data.result.stdout.includes("TERM=dumb"));
});
