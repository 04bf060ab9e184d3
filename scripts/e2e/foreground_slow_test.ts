import { assert, assertEquals, assertMatch } from "@std/assert";
import process from "node:process";
import { fromFileUrl } from "@std/path";
import { denoDir } from "../../shared/testing/deno_dir.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { freePorts } from "../../shared/testing/free_ports.ts";
import { pause } from "../../shared/testing/until.ts";

const REPOSITORY = fromFileUrl(new URL("../../", import.meta.url));

/** What of the chain a process is, by its arguments; from the top down. */
const LINKS = {
  npx: /^npm exec /,
  sh: /^sh -c /,
  "deno task": /^\S*deno task start/,
  "start.ts": /start\.ts$/,
  conductor: /conductor\/main\.ts/,
  codexd: /codexd\/main\.ts/,
} as const;
type Link = keyof typeof LINKS;

/** `npx … task start` in a process group of its own, as a terminal starts it. */
async function startChain(folder: string, npmSettings = {}) {
  const [first = 0, second = 0] = freePorts(2);
  const ports = [first, second];
  const env = {
    BAA_CONDUCTOR_LOCAL_API: `http://127.0.0.1:${first}`,
    BAA_CODEXD_LOCAL_API: `http://127.0.0.1:${second}`,
    BAA_CODEX_BIN: `${folder}/no-codex`,
    BAA_STATE_DIR: `${folder}/state`,
    BAA_LOGS_DIR: `${folder}/logs`,
    BAA_TMP_DIR: `${folder}/tmp`,
    DENO_DIR: denoDir(),
    NO_COLOR: "1",
    ...npmSettings,
  };
  const command = ["-y", "--prefer-offline", "deno@2.9.5", "task", "start"];
  const npx = new Deno.Command("npx", {
    args: command,
    cwd: REPOSITORY,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const printed = Promise.all([npx.stdout.text(), npx.stderr.text()]);
  for (const port of ports) await untilAnswers(port, npx);
  return { npx, env, printed, processes: await below(npx.pid) };
}

async function untilAnswers(
  port: number,
  npx: Deno.ChildProcess,
): Promise<void> {
  let hasEnded = false;
  npx.status.then(() => hasEnded = true);
  while (!hasEnded) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`);
      await response.body?.cancel();
      return;
    } catch {
      await pause(20);
    }
  }
  throw new Error("The chain ended before it was ready");
}

/** A process and all below it, with their arguments. */
async function below(root: number): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  const rows = (await ps("pid=", "ppid=", "args=")).map((line) =>
    /^ *(\d+) +(\d+) (.*)$/.exec(line) ?? []
  );
  const walk = (pid: number) => {
    for (const [, child, parent, args = ""] of rows) {
      if (Number(child) === pid) found.set(pid, args);
      if (Number(parent) === pid) walk(Number(child));
    }
  };
  walk(root);
  return found;
}

async function ps(...columns: string[]): Promise<string[]> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-A", "-ww", ...columns.flatMap((it) => ["-o", it])],
  }).output();
  return new TextDecoder().decode(stdout).split("\n");
}

/** Waits until none of some processes is left; returns for how many ms. */
async function untilGone(pids: readonly number[]): Promise<number> {
  const since = performance.now();
  const all = new Set(pids.map(String));
  while (performance.now() - since < 15_000) {
    const left = (await ps("pid=", "stat=")).filter((it) => {
      const [pid = "", state = ""] = it.trim().split(/ +/);
      return all.has(pid) && !state.startsWith("Z");
    });
    if (left.length === 0) return performance.now() - since;
    await pause(50);
  }
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch { /* it has ended */ }
  }
  throw new Error("Some of the chain were left");
}

function lastMessage(folder: string, daemon: string): string {
  const logs = `${folder}/logs/${daemon}`;
  const newest = [...Deno.readDirSync(logs)].map(({ name }) => name)
    .filter((name) => name.endsWith(".jsonl")).sort().at(-1);
  const lines = Deno.readTextFileSync(`${logs}/${newest}`).trim();
  return JSON.parse(lines.split("\n").at(-1) ?? "").message;
}

for (const signal of ["SIGTERM", "SIGINT", "SIGKILL"] as const) {
  for (const link of ["group", ...Object.keys(LINKS)] as ("group" | Link)[]) {
    const isInt = signal === "SIGINT";
    // Told alone, a shell waits for its child to decide, and shows it to nobody.
    if (isInt && link === "sh") continue;
    // npx passes it on: to the task itself where the shell, as on macOS, is gone.
    const shell = isInt && link === "npx"
      ? { npm_config_script_shell: "/bin/bash" }
      : {};
    Deno.test(`${signal} to the ${link} of npx … task start ends both daemons and leaves nothing`, async () => {
      await using dir = await tempDir();
      const chain = await startChain(dir.path, shell);
      const { npx, processes } = chain;
      const pid = link === "group"
        ? -npx.pid
        : [...processes].find(([, args]) => LINKS[link].test(args))?.[0];
      assert(pid !== undefined, JSON.stringify([...processes]));
      process.kill(pid, signal);
      const ms = await untilGone([...processes.keys()]);
      const { code } = await npx.status;
      const printed = (await chain.printed).join("");
      const own = { SIGTERM: 143, SIGINT: 130, SIGKILL: 137 }[signal];
      assert(
        [own, ...signal === "SIGKILL" ? [] : [0]].includes(code),
        `${code}`,
      );
      assert(ms < 6000, `${ms} ms`);
      for (const daemon of ["conductor", "codexd"]) {
        if (signal === "SIGKILL" && daemon === link) continue;
        assertEquals(lastMessage(dir.path, daemon), "Stopped", daemon);
      }
      const isDaemon = link === "conductor" || link === "codexd";
      assertEquals(printed.includes(`${link} has ended `), isDaemon, printed);
      assertEquals(/error:|\bat /.test(printed), false, printed);
    });
  }
}

Deno.test("a second deno task start on the same state ends with one line and exit code 2", async () => {
  await using dir = await tempDir();
  const { npx, env, processes, ...chain } = await startChain(dir.path);
  const second = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/start.ts"],
    cwd: REPOSITORY,
    env,
  }).output();
  const said = new TextDecoder().decode(second.stderr);
  assertEquals(second.code, 2);
  assertMatch(
    said,
    /^Cannot start: another deno task start \(pid \d+\) runs with the state in .*\n$/,
  );
  assert(processes.has(Number(/pid (\d+)/.exec(said)?.[1])));
  // Another state, the same ports.
  const third = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/start.ts"],
    cwd: REPOSITORY,
    env: { ...env, BAA_STATE_DIR: `${dir.path}/other` },
  }).output();
  assertEquals(third.code, 2);
  assertMatch(
    new TextDecoder().decode(third.stderr),
    /^Cannot start: http:\S+ is in use by another process: deno task doctor says by which\n$/,
  );
  process.kill(-npx.pid, "SIGINT");
  await untilGone([...processes.keys()]);
  await npx.status;
  await chain.printed;
});
