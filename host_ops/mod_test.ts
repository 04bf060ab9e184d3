import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { tempDir } from "../shared/testing/fakes.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";

Deno.test("executeCommand() returns what a command printed and how it ended", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const outcome = await ops.executeCommand({
    command: "printf 'host-http-ok'; pwd >&2",
    cwd: dir.path,
    timeoutMs: 2000,
  }, CALLER);
  assert(outcome.ok);
  assertEquals(outcome.operation, "exec");
  assertEquals(outcome.input, {
    command: "printf 'host-http-ok'; pwd >&2",
    cwd: dir.path,
    timeoutMs: 2000,
    maxBufferBytes: 10485760,
    onLimit: "kill",
  });
  const { durationMs, startedAt, finishedAt, ...rest } = outcome.result;
  assertEquals(rest, {
    stdout: "host-http-ok",
    stderr: `${dir.path}\n`,
    exitCode: 0,
    signal: null,
    timedOut: false,
    stdoutBytes: 12,
    stderrBytes: dir.path.length + 1,
    truncated: false,
    heldOpen: false,
  });
  assertEquals(Date.parse(finishedAt) - Date.parse(startedAt), durationMs);
});

Deno.test("executeCommand() keeps the partial result of a command that fails", async () => {
  await using ops = testHostOps();
  const outcome = await ops.executeCommand(
    { command: 'echo partly; sh -c "exit 7"' },
    CALLER,
  );
  assert(!outcome.ok);
  assertEquals(outcome.error, {
    code: "EXEC_EXIT_NON_ZERO",
    message: "Command exited with code 7.",
    retryable: false,
    details: { exitCode: 7 },
  });
  assertEquals(outcome.result?.exitCode, 7);
  assertEquals(outcome.result?.stdout, "partly\n");
});

Deno.test("writeTextFile() and readTextFile() bring content back with its metadata", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const written = await ops.writeTextFile({
    path: "notes/demo.txt",
    cwd: dir.path,
    content: "hello from local host ops",
    overwrite: false,
    createParents: true,
  }, CALLER);
  assert(written.ok);
  assertEquals(written.operation, "files/write");
  assertEquals(written.result.created, true);
  assertEquals(written.result.bytesWritten, 25);

  const read = await ops.readTextFile(
    { path: "notes/demo.txt", cwd: dir.path },
    CALLER,
  );
  assert(read.ok);
  assertEquals(read.result.content, "hello from local host ops");
  assertEquals(read.result.absolutePath, dir.join("notes/demo.txt"));
  assertEquals(read.result.sizeBytes, 25);
  assertEquals(read.result.sha256, written.result.sha256);
  assertEquals(read.result.modifiedAt, written.result.modifiedAt);
});

Deno.test("writeTextFile() refuses to replace a file when overwrite is false", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const path = dir.join("hello.txt");
  await ops.writeTextFile({ path, content: "first version" }, CALLER);
  const second = await ops.writeTextFile(
    { path, content: "second version", overwrite: false },
    CALLER,
  );
  assert(!second.ok);
  assertEquals(second.error, {
    code: "FILE_ALREADY_EXISTS",
    message: `File already exists at ${path} and overwrite=false.`,
    retryable: false,
    details: { overwrite: false },
  });
  assertEquals(second.result, { absolutePath: path, encoding: "utf8" });
  assertEquals(await Deno.readTextFile(path), "first version");
});

Deno.test("runHostOperation() does the operation that is named", async () => {
  await using ops = testHostOps();
  const outcome = await ops.runHostOperation(
    { operation: "exec", input: { args: ["true"] } },
    CALLER,
  );
  assert(outcome.ok);
  assertEquals(outcome.operation, "exec");
});

Deno.test("executeCommand() names the call to make after a limit, beside the error", async () => {
  await using ops = testHostOps();
  for (
    const [request, code, call] of [
      [{ timeoutMs: 50 }, "EXEC_TIMEOUT", "detach: true"],
      [{ maxBufferBytes: 10 }, "EXEC_OUTPUT_LIMIT", 'onLimit: "discard"'],
    ] as const
  ) {
    const command = "seq 1 20; sleep 5";
    const outcome = await ops.executeCommand({ command, ...request }, CALLER);
    assertEquals(!outcome.ok && outcome.error.code, code);
    assertStringIncludes(outcome.hint ?? "", call);
  }
  const plain = await ops.executeCommand({ command: "true" }, CALLER);
  assertEquals("hint" in plain, false);
});
