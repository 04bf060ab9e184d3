import { assertEquals } from "@std/assert";
import { tempDir } from "../../shared/testing/fakes.ts";
import { processesWith } from "../../shared/testing/processes.ts";
import { CALLER, testHostOps } from "../testing/host_ops.ts";

/** Host operations whose shells have a name of their own, so that a test finds them. */
async function start(shell: string) {
  await Deno.symlink("/bin/sh", shell);
  const ops = testHostOps({ shell, warmShells: 2 });
  await ops.prepare();
  const waiting = async () => (await processesWith(`${shell} -s`)).sort();
  return { ops, waiting };
}

Deno.test("a command is not lost when its waiting shell dies before it begins", async () => {
  await using dir = await tempDir();
  const { ops, waiting } = await start(dir.join("sh"));
  await using _ops = ops;
  const ids = await waiting();
  assertEquals(ids.length, 2);
  const began = dir.join("began");
  // they do not read what they are told any more
  for (const id of ids) Deno.kill(id, "SIGSTOP");
  const command = `echo once >>${began}; echo out; echo err >&2; exit 3`;
  const running = ops.executeCommand({ command }, CALLER);
  const second = ops.executeCommand({ command }, CALLER);
  // once a third, in a shell of its own, is through, both were told
  await ops.executeCommand({ command: "true" }, CALLER);
  for (const id of ids) Deno.kill(id, "SIGKILL");
  for (const outcome of await Promise.all([running, second])) {
    const { exitCode, stdout, stderr, stderrBytes } = outcome.result ?? {};
    assertEquals([exitCode, stdout, stderr, stderrBytes], [
      3,
      "out\n",
      "err\n",
      4,
    ]);
  }
  assertEquals(await Deno.readTextFile(began), "once\nonce\n");
});

Deno.test("a command whose shell waited and that kills itself without a word runs once", async () => {
  await using dir = await tempDir();
  const { ops } = await start(dir.join("sh"));
  await using _ops = ops;
  const began = dir.join("began");
  const command = `echo once >>${began}; kill -9 $$`;
  const outcome = await ops.executeCommand({ command }, CALLER);
  assertEquals(outcome.result?.signal, "SIGKILL");
  assertEquals(await Deno.readTextFile(began), "once\n");
});

Deno.test("a command's standard error is its own, to the last byte that may be kept", async () => {
  await using dir = await tempDir();
  const { ops } = await start(dir.join("sh"));
  await using _ops = ops;
  const outcome = await ops.executeCommand(
    { command: "printf 12345 >&2", maxBufferBytes: 5 },
    CALLER,
  );
  assertEquals(outcome.ok, true);
  assertEquals(outcome.result?.stderr, "12345");
});
