import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import { RecordingLogger, tempDir } from "../../shared/testing/fakes.ts";
import {
  endlessSleep,
  processesWith,
  runs,
} from "../../shared/testing/processes.ts";
import { until } from "../../shared/testing/until.ts";
import { CALLER, testHostOps } from "../testing/host_ops.ts";
import { program, searchPath } from "../testing/search_path.ts";
import { endGatedShell, startGatedShell } from "./gated_shell.ts";
import { chooseGroupWay } from "./choose_group_way.ts";

async function choose(PATH: string, shell = "/bin/sh") {
  const log = new RecordingLogger();
  const options = { shell, environment: { PATH }, clock: systemClock, log };
  const way = await chooseGroupWay(options);
  return { name: way.name, warned: log.lines.length > 0 };
}

Deno.test("chooseGroupWay() takes the best program that there is", async () => {
  await using dir = await tempDir();
  const [setsid, perl] = [await program("setsid"), await program("perl")];
  const here = await searchPath(dir.join("here"), { setsid, perl });
  const perlOnly = await searchPath(dir.join("perl"), { perl });
  const neither = await searchPath(dir.join("neither"), {});
  if (setsid !== undefined) {
    assertEquals(await choose(here), { name: "setsid", warned: false });
  }
  assertEquals(await choose(perlOnly), { name: "perl", warned: false });
  assertEquals(await choose(neither), { name: "detached", warned: true });
});

Deno.test("chooseGroupWay() believes no program that makes no group", async () => {
  await using dir = await tempDir();
  for (const [i, body] of ['exec "$@"', "exit 1", "kill -9 $$"].entries()) {
    const liar = dir.join(`liar${i}`);
    await Deno.writeTextFile(liar, `#!/bin/sh\n${body}\n`, { mode: 0o700 });
    const path = await searchPath(dir.join(`path${i}`), { setsid: liar });
    assertEquals((await choose(path)).name, "detached");
  }
});

Deno.test("commands go on when what makes groups is gone", async () => {
  await using dir = await tempDir();
  const setsid = await program("setsid") ?? await program("perl");
  const path = await searchPath(dir.join("path"), { setsid });
  await using ops = testHostOps({ environment: { PATH: path } });
  const before = await ops.groupWay();
  await ops.prepare();
  await Deno.remove(`${path}/setsid`);
  for (let i = 0; i < 4; i++) {
    const outcome = await ops.executeCommand({ command: "echo on" }, CALLER);
    assertEquals(outcome.result?.stdout, "on\n");
  }
  if (before === "setsid") assertEquals(await ops.groupWay(), "detached");
});

Deno.test("groupWay() knows nothing while no shell can be started", async () => {
  await using ops = testHostOps({ shell: "/no/such/shell" });
  assertEquals(await ops.groupWay(), null);
});

for (const name of ["setsid", "perl", "detached"]) {
  Deno.test({
    name: `a command is one process group, all of which ends (${name})`,
    ignore: name === "setsid" && Deno.build.os !== "linux",
    async fn() {
      await using dir = await tempDir();
      const path = await searchPath(dir.join("path"), {
        [name]: await program(name),
        ...Object.fromEntries(
          await Promise.all(
            ["sleep", "ps"].map(async (it) => [it, await program(it)]),
          ),
        ),
      });
      const environment = { PATH: path };
      await using ops = testHostOps({ environment });
      await ops.prepare();
      assertEquals(await ops.groupWay(), name);
      // the second has a shell of its own: none waits for such a variable
      for (const env of [{}, { PS4: "+" }]) {
        const own = await ops.executeCommand(
          { command: "ps -o pgid= -p $$; echo $$; exit 143", env },
          CALLER,
        );
        const [group, id] = String(own.result?.stdout).trim().split(/\s+/);
        assertEquals([group, own.result?.exitCode], [id, 143]);
        const ended = await ops.executeCommand(
          { command: "kill -TERM $$", env },
          CALLER,
        );
        assertEquals(ended.result?.signal, "SIGTERM");
        const sleep = endlessSleep();
        const killed = await ops.executeCommand({
          command: `trap '' TERM; (${sleep} & ${sleep}) & ${sleep}; ${sleep}`,
          timeoutMs: 300,
          env,
        }, CALLER);
        assertEquals(killed.result?.timedOut, true);
        assertEquals(await processesWith(sleep), []);
        const leave = new AbortController();
        const left = ops.executeCommand({ command: sleep, env }, {
          ...CALLER,
          signal: leave.signal,
        });
        await until(() => runs(sleep));
        leave.abort();
        assert(!(await left).ok);
        assertEquals(await processesWith(sleep), []);
      }
    },
  });
}

Deno.test("a shell at its gate does nothing when its line is cut short", async () => {
  await using dir = await tempDir();
  const shell = await startGatedShell({
    shell: "/bin/sh",
    way: { name: "detached", prefix: [] },
    argv: [],
    cwd: dir.path,
    environment: { PATH: "/usr/bin:/bin" },
    clock: systemClock,
  });
  const writer = shell.stdin.getWriter();
  await writer.write(new TextEncoder().encode("touch began"));
  writer.releaseLock();
  await endGatedShell(shell);
  assertEquals((await shell.status).code, 125);
  assertEquals([...Deno.readDirSync(dir.path)], []);
});
