import { assert, assertEquals } from "@std/assert";
import { tempDir } from "../../shared/testing/fakes.ts";
import { processesWith } from "../../shared/testing/processes.ts";
import { until } from "../../shared/testing/until.ts";
import { CALLER, testHostOps } from "../testing/host_ops.ts";

/** Host operations whose shells have a name of their own, so that a test finds them. */
async function start(shell: string) {
  await Deno.symlink("/bin/sh", shell);
  const ops = testHostOps({ shell, warmShells: 2 });
  await ops.prepare();
  const waiting = async () =>
    (await processesWith(`${shell} -c baa_nl=`)).sort();
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

Deno.test("waiting shells serve folders, variables, standard input and streams too", async () => {
  await using dir = await tempDir();
  const { ops, waiting } = await start(dir.join("sh"));
  await using _ops = ops;
  const value = `it's \n 'ü' \\n $x`;
  const requests = [
    { command: '[ "$PWD" = /usr ] && echo $$', cwd: "/usr" },
    {
      command: '[ "$A" = "$B" ] && [ "$PATH" = /bin:/usr/bin ] && echo $$',
      env: { A: value, B: value, PATH: "/bin:/usr/bin" },
    },
    {
      command:
        `read -r a && [ "$a" = one ] && [ "$(cat)" = "it's" ] && echo $$`,
      stdin: "one\nit's\n",
    },
    {
      args: ["sh", "-c", '[ "$1" = "$A" ] && echo $$', "sh", value],
      env: { A: value },
    },
  ];
  const twoWait = () => until(waiting, (it) => it.length === 2);
  for (const request of requests) {
    const ids = await twoWait();
    const outcome = await ops.executeCommand(request, CALLER);
    const id = String(outcome.result?.stdout).trim();
    assert(ids.includes(Number(id)), `${request.command}: ${id}`);
    const again = await twoWait();
    let streamed = "";
    for await (const event of await ops.streamCommand(request, CALLER)) {
      if (event.event === "stdout") streamed += event.data.text;
    }
    assert(again.includes(Number(streamed)), `${request.command}, streamed`);
  }
});

Deno.test("a streamed command whose waiting shell dies before it begins is told from its first word on, once", async () => {
  await using dir = await tempDir();
  const { ops, waiting } = await start(dir.join("sh"));
  await using _ops = ops;
  const ids = await waiting();
  for (const id of ids) Deno.kill(id, "SIGSTOP");
  const began = dir.join("began");
  const command = `echo once >>${began}; echo out; echo err >&2; exit 3`;
  const events = await ops.streamCommand({ command }, CALLER);
  const second = ops.executeCommand({ command: "true" }, CALLER);
  // once a third, in a shell of its own, is through, both were told
  await ops.executeCommand({ command: "true" }, CALLER);
  for (const id of ids) Deno.kill(id, "SIGKILL");
  const said = { stdout: "", stderr: "", exits: [] as unknown[] };
  for await (const { event, data } of events) {
    if (event === "exit") said.exits.push(data.result?.exitCode);
    else said[event] += data.text;
  }
  assertEquals(said, { stdout: "out\n", stderr: "err\n", exits: [3] });
  assert((await second).ok);
  assertEquals(await Deno.readTextFile(began), "once\n");
});

Deno.test("a variable that a shell would take for its own, or not at all, is handed on all the same", async () => {
  await using ops = testHostOps({ warmShells: 2 });
  await ops.prepare();
  for (const [name, value] of [["PS4", "+"], ["ENV", "/v"]] as const) {
    const outcome = await ops.executeCommand(
      { args: ["env"], env: { [name]: value } },
      CALLER,
    );
    const lines = String(outcome.result?.stdout).split("\n");
    assert(lines.includes(`${name}=${value}`), name);
  }
});

Deno.test({
  name:
    "what a command is given stands in no waiting shell's environment or arguments",
  ignore: Deno.build.os !== "linux", // it is looked at in /proc
  fn: givenInSecret,
});

async function givenInSecret() {
  await using dir = await tempDir();
  const { ops, waiting } = await start(dir.join("sh"));
  await using _ops = ops;
  const secret = "a-secret-of-the-caller";
  const ids = await waiting();
  for (const id of ids) Deno.kill(id, "SIGSTOP");
  const request = { command: "echo $$", env: { TOKEN: secret }, stdin: secret };
  const running = [1, 2].map(() => ops.executeCommand(request, CALLER));
  await ops.executeCommand({ command: "true" }, CALLER); // both were told
  for (const id of ids) {
    for (const what of ["environ", "cmdline"]) {
      const text = await Deno.readTextFile(`/proc/${id}/${what}`);
      assert(!text.includes(secret), what);
    }
    Deno.kill(id, "SIGCONT");
  }
  for (const { result } of await Promise.all(running)) {
    assert(ids.includes(Number(result?.stdout)));
  }
}
