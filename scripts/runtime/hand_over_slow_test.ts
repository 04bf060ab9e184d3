import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exists } from "@std/fs";
import { join } from "@std/path";
import { shellQuote } from "../../shared/shell_quote.ts";
import { MARKS } from "../../shared/shell_variables.ts";
import { until } from "../../shared/testing/until.ts";
import { call, send } from "../testing/http.ts";
import { runCommand } from "./node/command.ts";
import { ask } from "./node/http_health.ts";
import { takenAddress } from "./testing/taken_address.ts";
import { type TestNode, testNode } from "./testing/test_node.ts";

/** By hand: BAA_TEST_UPGRADES=50 deno test -A … */
const UPGRADES = Number(Deno.env.get("BAA_TEST_UPGRADES") ?? 5);
const RUNTIME = new URL("./", import.meta.url).pathname;

async function assertInstalled(node: TestNode): Promise<void> {
  const ran = await node.run(
    ...["install-mini", "--prefix", node.prefix] as const,
    ...["--listen", node.conductor],
  );
  assertEquals(ran.code, 0, ran.stdout + ran.stderr);
}

/** The ways in which a caller has conductor run a command. */
const WAYS = {
  /** As sudo and login shells do, it drops the mark. */
  async "emptied environment"(node: TestNode, command: string) {
    const env = Object.entries(node.env).map(([name, it]) =>
      shellQuote(`${name}=${it}`)
    );
    return await call(`${node.conductor}/v1/exec`, {
      command: `env -i ${env.join(" ")} ${command}`,
    });
  },
  async exec(node: TestNode, command: string) {
    const url = `${node.conductor}/v1/exec`;
    return await call(url, { command, env: node.env });
  },
  async task(node: TestNode, command: string) {
    const url = `${node.conductor}/v1/tasks?wait_ms=20000`;
    const payload = { command, env: node.env };
    return await call(url, { title: "upgrade", kind: "exec", payload });
  },
  async "surviving run"(node: TestNode, command: string) {
    const url = `${node.conductor}/v1/exec`;
    const detach = { detach: true, waitMs: 20_000 };
    return await call(url, { command, env: node.env, ...detach });
  },
  async mcp(node: TestNode, command: string) {
    const name = "host_exec";
    const answer = await send(`${node.conductor}/mcp`, {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name, arguments: { command, env: node.env } },
    }, { accept: "application/json, text/event-stream" });
    return await answer.text();
  },
} as const;

/** Has conductor run a script that may end conductor, to the script's end. */
async function runInside(
  node: TestNode,
  way: keyof typeof WAYS,
  ...[script, ...args]: readonly string[]
) {
  const command = [`${RUNTIME}${script}.sh`, ...args].map(shellQuote).join(" ");
  const asked = performance.now();
  const answer = await WAYS[way](node, command);
  const answeredMs = performance.now() - asked;
  const [, log] = /log {6}(\/.*?\.log)/.exec(JSON.stringify(answer)) ?? [];
  assert(log !== undefined, `${way}: ${JSON.stringify(answer)}`);
  const outcome = await until(
    () => Deno.readTextFile(`${log}.outcome`).catch(() => undefined),
    (it) => it !== undefined,
    { withinMs: 120_000, everyMs: 100 },
  );
  return { log, code: Number(outcome), answeredMs };
}

/** Starts a command that counts until it is told to end. */
async function counting(node: TestNode) {
  const go = join(node.home, "go");
  const { data: { taskId } } = await call(`${node.conductor}/v1/exec`, {
    command:
      `i=0; until [ -e '${go}' ]; do i=$((i + 1)); echo $i; sleep 0.02; done`,
    detach: true,
  });
  return async () => {
    await Deno.writeTextFile(go, "");
    const { data: task } = await until(
      () => call(`${node.conductor}/v1/tasks/${taskId}`),
      ({ data }) => data.finished_at !== null,
    );
    assertEquals([task.status, task.attempts], ["succeeded", 1]);
    const { run_id } = task.latest_run;
    const output = join(node.prefix, "state", "jobs", run_id, "stdout");
    const lines = (await Deno.readTextFile(output)).trimEnd().split("\n");
    assertEquals(lines, lines.map((_, index) => `${index + 1}`));
  };
}

Deno.test("upgrades asked for through the API end ready or rolled back, and say so afterwards", async () => {
  await using node = await testNode();
  await assertInstalled(node);
  const end = await counting(node);
  await using stranger = takenAddress();
  const ways = Object.keys(WAYS) as (keyof typeof WAYS)[];
  const times: number[] = [];
  for (let i = 0; i < UPGRADES; i++) {
    const isGood = i % 5 !== 2;
    const change = isGood
      ? ["--public-base", `https://mini-${i}.example`]
      : ["--listen", stranger.address];
    const way = ways[i % ways.length] ?? "exec";
    const { log, code, answeredMs } = await runInside(
      node,
      way,
      ...["install-mini", "--prefix", node.prefix, ...change],
    );
    times.push(Math.round(answeredMs));
    // Read as whoever asked would read it.
    const { data } = await call(`${node.conductor}/v1/exec`, {
      args: ["cat", log],
    });
    const said: string = data.result.stdout;
    assertEquals(code, isGood ? 0 : 1, said);
    assertStringIncludes(
      said,
      isGood
        ? `ready      conductor at ${node.conductor}`
        : "Rolled back: the previous version runs again",
    );
    assertStringIncludes(said, `ended with exit code ${code}\n`);
    assertEquals((await ask(node.conductor, "/readyz")).status, 200);
    for (const file of [log, `${log}.outcome`]) {
      assertEquals(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
    }
  }
  if (UPGRADES > 5) {
    times.sort((a, b) => a - b);
    const p50 = times[Math.floor(times.length / 2)];
    // deno-lint-ignore no-console -- figures for who runs it by hand
    console.log({
      upgrades: UPGRADES,
      answered_ms: { p50, max: times.at(-1) },
    });
  }
  await end();
});

Deno.test("a node is upgraded, restarted and stopped", async (t) => {
  await using node = await testNode();
  await assertInstalled(node);
  await t.step(
    "an upgrade drains conductor, waits for what its stop would cut off, and gives the mode back",
    async () => {
      const said = join(node.home, "said");
      const upgrade = [
        "install-mini",
        "--prefix",
        node.prefix,
        "--public-base",
      ];
      const go = join(node.home, "go");
      const lasts = `until [ -e '${go}' ]; do sleep 0.02; done; echo done`;
      const slow = WAYS.exec(node, lasts);
      const state = async () =>
        (await call(`${node.conductor}/v1/system/state`)).data;
      // Who asked follows it, and is not waited for.
      const [script = "", ...args] = upgrade;
      const asked = WAYS.exec(
        node,
        `${RUNTIME}${script}.sh ${
          [...args, "https://a.example"].map(shellQuote).join(" ")
        } >'${said}'; ${lasts}`,
      );
      const log = await until(
        async () => /log {6}(.*)/.exec(await textOf(said))?.[1] ?? "",
      );
      await until(
        () => textOf(log),
        (it) => it.includes("what a stop cuts off: 1"),
      );
      const { automation } = await state();
      assertEquals([automation.mode, automation.source], [
        "draining",
        "upgrade",
      ]);
      const refused = await call(`${node.conductor}/v1/tasks`, {
        title: "late",
        kind: "exec",
        payload: { command: "true" },
      });
      assertEquals(refused.error.code, "SYSTEM_DRAINING");
      await Deno.writeTextFile(go, "");
      assertEquals((await slow).data.result.stdout, "done\n");
      assertEquals((await asked).data.result.stdout, "done\n");
      assertEquals(await until(() => textOf(`${log}.outcome`)), "0\n");
      assertEquals((await state()).mode, "running");

      await Deno.remove(go);
      const cutOff = WAYS.exec(node, lasts);
      const installer = new Deno.Command(`${RUNTIME}${script}.sh`, {
        args: [...args, "https://b.example"],
        clearEnv: true,
        env: node.env,
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      for await (
        const text of installer.stdout.pipeThrough(new TextDecoderStream())
      ) {
        if (text.includes("what a stop cuts off")) installer.kill("SIGTERM");
      }
      assertEquals((await installer.status).code, 1);
      assertStringIncludes(
        await installer.stderr.text(),
        "nothing was changed",
      );
      assertEquals((await state()).mode, "running");
      await Deno.writeTextFile(go, "");
      assertEquals((await cutOff).data.ok, true);
    },
  );
  await t.step(
    "conductor is restarted and stopped from inside, by who is answered first",
    async () => {
      const target = `gui/${Deno.uid()}/so.makefile.baa-conductor`;
      const before = node.launchd().jobs[target]?.pid;
      const restarted = await runInside(
        node,
        "emptied environment",
        "restart-launchd",
      );
      assertEquals(restarted.code, 0);
      // What ends nothing is not handed over: it says itself how it ended.
      const started = await WAYS.exec(node, `${RUNTIME}start-launchd.sh`);
      assertStringIncludes(
        started.data.result.stdout,
        "codexd: running already",
      );
      const after = node.launchd().jobs[target]?.pid;
      assert(after !== undefined && after !== before);
      const stopped = await runInside(node, "mcp", "stop-launchd");
      assertEquals(stopped.code, 0);
      assertEquals(node.launchd().jobs, {});
      const said = await Deno.readTextFile(stopped.log);
      assertStringIncludes(said, "conductor: stopped\ncodexd: stopped\n");
    },
  );
});

/** Nothing: it is not there yet. */
function textOf(path: string): Promise<string> {
  return Deno.readTextFile(path).catch(() => "");
}

Deno.test("what is handed over has none of the marks, and a session of its own", async () => {
  await using node = await testNode();
  const seen = join(node.home, "seen");
  const [bin = ""] = node.env["PATH"]?.split(":") ?? [];
  await Deno.writeTextFile(
    join(bin, "launchctl"),
    `#!/bin/sh\n{ env; echo session=$(ps -o sess= -p $$); } >>'${seen}'\nexit 113\n`,
  );
  for (const mark of Object.values(MARKS)) node.env[mark] = "it";
  // Help and a dry run end nothing, and are shown at once.
  for (const option of ["--help", "--dry-run"]) {
    const { code, stdout } = await node.run("stop-launchd", option);
    assertEquals([code, /outcome/.test(stdout)], [0, false]);
  }
  node.env["BAA_LOGS_DIR"] = join(node.home, "logs");
  const logs = join(node.home, "logs", "runtime");
  await Deno.mkdir(logs, { recursive: true });
  for (const [name, days] of [["old", 31], ["young", 29]] as const) {
    await Deno.writeTextFile(join(logs, name), "");
    const at = Date.now() / 1000 - days * 86_400;
    await Deno.utime(join(logs, name), at, at);
  }
  const { code, stdout } = await node.run("stop-launchd");
  assertEquals(code, 0);
  const [, outcome = ""] = /outcome {2}(.*)/.exec(stdout) ?? [];
  await until(() => Deno.readTextFile(outcome).catch(() => ""));
  for (const mark of Object.values(MARKS)) delete node.env[mark];
  assertEquals(await exists(join(logs, "old")), false);
  assertEquals(await exists(join(logs, "young")), true);
  const environment = (await Deno.readTextFile(seen)).trim().split("\n");
  assertEquals(
    environment.filter((it) =>
      Object.values(MARKS).some((mark) => it.startsWith(`${mark}=`))
    ),
    [],
  );
  assert(environment.includes("USER=george"));
  const { stdout: own } = await runCommand([
    "ps",
    "-o",
    "sess=",
    "-p",
    `${Deno.pid}`,
  ]);
  assertEquals(environment.includes(`session=${own.trim()}`), false);
});

Deno.test("scripts that change the services wait for one another", async () => {
  await using node = await testNode();
  node.env["BAA_LOGS_DIR"] = join(node.home, "logs");
  const held = await Deno.open(node.home);
  await held.lock(true);
  node.env[MARKS.inside] = "1";
  const { stdout } = await node.run("stop-launchd");
  const [, log = ""] = /log {6}(.*)/.exec(stdout) ?? [];
  await until(
    () => Deno.readTextFile(log),
    (it) => it.includes("Waiting for another script"),
  );
  assertEquals(node.launchd().calls, []);
  held.close();
  await until(() => Deno.readTextFile(`${log}.outcome`).catch(() => ""));
  assert(node.launchd().calls.length > 0);
  delete node.env[MARKS.inside];
});
