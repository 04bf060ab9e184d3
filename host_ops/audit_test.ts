import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { AppError } from "../shared/errors.ts";
import { RecordingAudit, tempDir } from "../shared/testing/fakes.ts";
import { execTarget } from "./audit.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";

Deno.test("each operation is audited with names and sizes, never with contents", async () => {
  await using dir = await tempDir();
  const audit = new RecordingAudit();
  await using ops = testHostOps({ audit });
  const path = dir.join("file");
  await ops.executeCommand({
    command: "printf 'planted-output'; cat >/dev/null; exit 3",
    cwd: dir.path,
    stdin: "planted-input",
    env: { MINE: "planted-value" },
  }, CALLER);
  await ops.writeTextFile({ path, content: "planted-content" }, CALLER);
  await ops.readTextFile({ path }, CALLER);
  await ops.readTextFile({ path: dir.join("gone") }, CALLER);
  await ops.executeCommand({
    args: ["echo", "a b", "--password", "planted-password"],
  }, CALLER);
  await ops.executeCommand({ cmd: "x" }, CALLER);

  const [exec, write, read, gone, args, wrong] = audit.rows;
  assertEquals(exec?.intent.action, "exec");
  assertEquals(exec?.intent.actor, CALLER.actor);
  assertEquals(exec?.intent.target, {
    operation: "exec",
    cwd: dir.path,
    command: "printf 'planted-output'; cat >/dev/null; exit 3",
    envNames: "MINE",
    stdinLength: 13,
  });
  assertEquals(exec?.outcome?.ok, false);
  assertEquals(exec?.outcome?.code, "EXEC_EXIT_NON_ZERO");
  assertEquals(exec?.outcome?.facts?.exitCode, 3);
  assertEquals(exec?.outcome?.facts?.stdoutBytes, 14);
  assertEquals(write?.intent.target, { operation: "files/write", path });
  assertEquals(write?.outcome?.facts?.bytesWritten, 15);
  assertEquals(read?.outcome?.facts?.bytesRead, 15);
  assertEquals(gone?.outcome, { ok: false, code: "FILE_NOT_FOUND" });
  assertEquals(args?.intent.target.args, 'echo "a b" --password ***');
  assertEquals(wrong?.outcome, { ok: false, code: "INVALID_INPUT" });
  const text = JSON.stringify([
    { ...exec, intent: { ...exec?.intent, target: { command: "" } } },
    write,
    read,
  ]);
  assert(!text.includes("planted"));
});

Deno.test("an operation that cannot be audited, though it has to be, is not done", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps({
    audit: {
      begin() {
        throw new AppError("NOT_READY", "the disk is full");
      },
    },
  });
  const path = dir.join("file");
  for (
    const request of [
      { operation: "exec", input: { command: `touch ${path}` } },
      { operation: "files/write", input: { path, content: "" } },
      { operation: "files/read", input: { path } },
    ] as const
  ) {
    const error = await assertRejects(
      () => ops.runHostOperation(request, CALLER),
      AppError,
    );
    assertEquals(error.code, "NOT_READY");
  }
  assertEquals(Array.from(Deno.readDirSync(dir.path)), []);
});

Deno.test("a stream is audited when it has ended", async () => {
  const audit = new RecordingAudit();
  await using ops = testHostOps({ audit });
  const events = await ops.streamCommand({ command: "echo x" }, CALLER);
  for await (const _ of events);
  assertEquals(audit.rows.length, 1);
  assertEquals(audit.rows[0]?.outcome?.ok, true);
});

Deno.test("execTarget() is short, and quick on whatever it is given", () => {
  const input = {
    cwd: "/",
    timeoutMs: 0,
    maxBufferBytes: 1,
    onLimit: "kill",
  } as const;
  const since = performance.now();
  for (const piece of ["a", "token", "-", "a:", "://a", "'\"", "= ", "-a "]) {
    const text = piece.repeat(1_000_000);
    const { command } = execTarget({ ...input, command: text });
    const { args } = execTarget({ ...input, args: [text] });
    const { envNames } = execTarget({
      ...input,
      args: [],
      env: { [text]: "" },
    });
    for (const shown of [command, args, envNames]) {
      assertLess(String(shown).length, 1025);
    }
  }
  assertLess(performance.now() - since, 2_000);
});
