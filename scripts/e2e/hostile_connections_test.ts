import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { pause } from "../../shared/testing/until.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";

const CLIENTS = fromFileUrl(
  new URL("../testing/hostile_clients.ts", import.meta.url),
);
const COUNT = 10_000;
/** Within this an honest caller has its answer, refused connections included. */
const PATIENCE_MS = 2000;

/** The command that starts a daemon with so many descriptors and no more. */
function limited(descriptors: number): readonly [string, ...string[]] {
  return ["/bin/sh", "-c", `ulimit -n ${descriptors}; exec "$@"`, "sh"];
}

/** Attacks a daemon until it is disposed of. */
function attack(origin: string): AsyncDisposable {
  const { port } = new URL(origin);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", CLIENTS, port, String(COUNT)],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.stdin.abort().catch(() => {});
      await child.status;
    },
  };
}

/** Asks like somebody who is in a hurry, for as long as `work` takes; returns the longest wait. */
async function askWhile(
  { origin }: RunningDaemon,
  work: Promise<unknown>,
): Promise<number> {
  let worst = 0;
  let isOver = false;
  work.finally(() => isOver = true).catch(() => {});
  while (!isOver) {
    const since = performance.now();
    while (true) {
      try {
        const signal = AbortSignal.timeout(PATIENCE_MS / 2);
        const answer = await fetch(`${origin}/healthz`, { signal });
        await answer.body?.cancel();
        assertEquals(answer.status, 200);
        break;
      } catch {
        assert(performance.now() - since < 20_000, "nobody answers any more");
        await pause(20);
      }
    }
    worst = Math.max(worst, performance.now() - since);
    await pause(20);
  }
  return worst;
}

async function exec(
  { origin }: RunningDaemon,
  command: string,
): Promise<string> {
  const answer = await fetch(`${origin}/v1/exec`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ command }),
  });
  const { data } = await answer.json();
  return data.result.stdout;
}

for (const descriptors of [256, 4096]) {
  Deno.test(`conductor outlives ${COUNT} hostile connections with ${descriptors} descriptors, and what it runs does too`, async () => {
    await using daemon = await startDaemon("conductor", {}, {
      wrapper: limited(descriptors),
    });
    const stream = await fetch(`${daemon.origin}/v1/events`, {
      headers: { accept: "text/event-stream" },
    });
    const running = exec(daemon, "sleep 6; echo done");
    await pause(300);
    {
      await using _ = attack(daemon.origin);
      const worst = await askWhile(daemon, pause(6000));
      assert(worst < PATIENCE_MS, `the longest wait was ${worst} ms`);
    }
    assertEquals(await running, "done\n");
    const reader = stream.body?.pipeThrough(new TextDecoderStream())
      .getReader();
    assert((await reader?.read())?.done === false);
    await reader?.cancel();
    assertEquals(await exec(daemon, "echo again"), "again\n");
  });
}

for (const program of ["codexd", "status-api"] as const) {
  Deno.test(`${program} outlives ${COUNT} hostile connections with 256 descriptors`, async () => {
    await using daemon = await startDaemon(program, {}, {
      wrapper: limited(256),
    });
    await using _ = attack(daemon.origin);
    const worst = await askWhile(daemon, pause(4000));
    assert(worst < PATIENCE_MS, `the longest wait was ${worst} ms`);
  });
}
