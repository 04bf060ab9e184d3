import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { systemClock } from "../../../shared/clock.ts";
import { createLogger } from "../../../shared/log.ts";
import { Redactor } from "../../../shared/redact.ts";
import { RotatingFile } from "../../../shared/rotating_file.ts";
import { denoDir } from "../../../shared/testing/deno_dir.ts";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { until } from "../../../shared/testing/until.ts";

const SCRIPT = fromFileUrl(new URL("../logs-mini.sh", import.meta.url));

/** A machine on which nothing is installed, with logs that the services left. */
async function rig() {
  const dir = await tempDir();
  const logs = dir.join("logs");
  const env = {
    PATH: Deno.env.get("PATH") ?? "",
    HOME: dir.path,
    DENO_BIN: Deno.execPath(),
    DENO_DIR: denoDir(),
    BAA_LOGS_DIR: logs,
  };
  const options = { cwd: dir.path, clearEnv: true, env } as const;
  const open = (family: string) => {
    const folder = `${logs}/${family}`;
    const file = new RotatingFile({ folder, family, maxBytes: 500 });
    const log = createLogger({
      level: "debug",
      clock: systemClock,
      redactor: new Redactor(),
      sink: { write: (line) => file.write(line, true) },
    });
    return { log, file };
  };
  const command = (args: readonly string[], program = SCRIPT) =>
    new Deno.Command(program, {
      ...options,
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  return {
    logs,
    open,
    start: (...args: string[]) => command(args).spawn(),
    async run(args: readonly string[], program?: string) {
      const ran = await command(args, program).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return {
        code: ran.code,
        stdout: text(ran.stdout),
        stderr: text(ran.stderr),
        lines: text(ran.stdout).trimEnd().split("\n"),
      };
    },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

Deno.test("logs-mini.sh shows both services' lines for a person, while no daemon runs", async () => {
  await using it = await rig();
  const none = await it.run([]);
  assertEquals([none.code, none.stdout], [0, ""]);
  assertStringIncludes(none.stderr, `No log of conductor or codexd`);
  using conductor = it.open("conductor").file;
  const { log, file } = it.open("codexd");
  using _ = file;
  createLogger({
    level: "info",
    clock: systemClock,
    redactor: new Redactor(),
    sink: { write: (line) => conductor.write(line, true) },
  }).info("Refused \u001b[31m\u009b2J", { request_id: "req_1", host: "a b" });
  await Deno.writeTextFile(
    `${it.logs}/conductor/conductor.000000000000.jsonl`,
    `a raw \u001b]0;title\u0007 line ${"x".repeat(60)}\n`,
    { append: true },
  );
  log.warn("Codex is away");
  const all = await it.run([]);
  assertEquals([all.code, all.stderr, all.lines.length], [0, "", 3]);
  assertEquals(/[^\n -~]/.test(all.stdout), false);
  assertEquals(
    all.lines[0]?.slice(24),
    ' INFO  conductor Refused \\u001b[31m\\u009b2J request_id=req_1 host="a b"',
  );
  assertStringIncludes(all.lines[1] ?? "", "WARN  conductor Cannot read");
  assertStringIncludes(all.lines[2] ?? "", "WARN  codexd    Codex is away");
  const of = async (...args: string[]) => (await it.run(args)).lines.length;
  assertEquals(await of("--service", "codexd"), 1);
  assertEquals(await of("--service", "codexd", "--service", "conductor"), 3);
  assertEquals(await of("--level", "warn"), 2);
  assertEquals(await of("--tail", "1"), 1);
  for (
    const args of [
      ["--since", "1"],
      ["--level", "loud"],
      ["--tail", "0"],
      ["--service", "nginx"],
      ["--service", "conductor", "--service", "status-api"],
      ["surplus"],
    ]
  ) {
    const refused = await it.run(args);
    assertEquals([refused.code, refused.stdout], [2, ""]);
    assertStringIncludes(refused.stderr, "Usage: logs-mini.sh");
  }
  const help = await it.run(["--help"]);
  assertEquals(help.code, 0);
  assertStringIncludes(help.stdout, "--follow");
});

Deno.test("logs-mini.sh --follow shows what comes across rotation, and ends with 0 on Ctrl-C", async () => {
  await using it = await rig();
  const { log, file } = it.open("conductor");
  using _ = file;
  log.info("line 0");
  const child = it.start("--follow", "--service", "conductor");
  let shown = "";
  const reading = child.stdout.pipeThrough(new TextDecoderStream())
    .pipeTo(new WritableStream({ write: (text) => void (shown += text) }));
  await until(() => shown.includes("line 0"));
  for (let n = 1; n < 50; n++) log.info(`line ${n}`);
  await until(() => shown.includes("line 49"));
  child.kill("SIGINT");
  const { code } = await child.status;
  await reading;
  await child.stderr.cancel();
  assertEquals(code, 0);
  assertEquals(
    shown.trimEnd().split("\n").map((it) => it.split(" ").at(-1)),
    Array.from({ length: 50 }, (_, n) => `${n}`),
  );
});

Deno.test("logs-mini.sh ends quietly when nobody reads on, and colours a terminal alone", async () => {
  await using it = await rig();
  const { log, file } = it.open("conductor");
  using _ = file;
  for (let n = 0; n < 20_000; n++) log.warn(`line ${n}`);
  const headed = await it.run(
    ["-c", `'${SCRIPT}' --tail 20000 | head -n 1; echo "$?"`],
    "/bin/sh",
  );
  assertEquals([headed.stderr, headed.lines.length], ["", 2]);
  const onTerminal = async (command: string) =>
    await it.run(["-qec", command, "/dev/null"], "script").catch(() => null);
  const coloured = await onTerminal(`'${SCRIPT}' --tail 1`);
  // Not every machine has that program.
  if (coloured === null || Deno.build.os !== "linux") return;
  assertStringIncludes(coloured.stdout, "\u001b[33mWARN");
  const plain = await onTerminal(`NO_COLOR=1 '${SCRIPT}' --tail 1`);
  assertEquals(plain?.stdout.includes("\u001b"), false);
});
