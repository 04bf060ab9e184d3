import { assert, assertEquals } from "@std/assert";
import { tempDir } from "../../shared/testing/fakes.ts";
import { processesWith } from "../../shared/testing/processes.ts";
import { until } from "../../shared/testing/until.ts";
import type { HostOps } from "../mod.ts";
import { CALLER, testHostOps } from "../testing/host_ops.ts";
import { variantOptions, VARIANTS } from "../testing/variants.ts";

const KILLS = 60;
const AT_ONCE = 12;

/** Kills shells at their gates, and a reaper now and then. */
async function killAtRandom(ops: HostOps, shell: string): Promise<void> {
  for (let kills = 0; kills < KILLS;) {
    const waiting = await processesWith(`${shell} -c baa_nl=`);
    const reaper = Math.random() < 0.1 ? ops.reaperId : undefined;
    for (const id of [...waiting, ...reaper === undefined ? [] : [reaper]]) {
      if (Math.random() < 0.5) continue;
      try {
        Deno.kill(id, "SIGKILL");
        kills++;
      } catch {
        // it has ended
      }
    }
  }
}

/** Runs the `index`-th command, each in another fashion; returns what it said. */
async function run(
  ops: HostOps,
  { index, log }: { index: number; log: string },
) {
  const request = {
    command: `echo ${index} >>${log}; echo ${index}`,
    ...(index % 3 === 0 && { stdin: "text" }),
    ...(index % 4 === 0 && { env: { A: "1" } }),
  };
  if (index % 5 > 0) {
    const { ok, result } = await ops.executeCommand(request, CALLER);
    return { ok, stdout: result?.stdout, signal: result?.signal };
  }
  let stdout = "";
  for await (const event of await ops.streamCommand(request, CALLER)) {
    if (event.event === "stdout") stdout += event.data.text;
    if (event.event !== "exit") continue;
    return { ok: event.data.ok, stdout, signal: event.data.result?.signal };
  }
  throw new Error("no exit came");
}

for (const variant of VARIANTS.slice(1)) {
  Deno.test(`no command is lost or runs twice, whoever kills waiting shells and reapers, and none is left (${variant.name})`, async () => {
    await using dir = await tempDir();
    const shell = dir.join("sh");
    const { environment, ...options } = await variantOptions(variant, dir);
    const log = dir.join("log");
    if (options.shell !== shell) await Deno.symlink("/bin/sh", shell);
    const ops = testHostOps({
      ...(environment && { environment }),
      shell,
      maxWaitMs: 60_000,
    });
    await ops.prepare();
    let isEnough = false;
    const killing = killAtRandom(ops, shell).then(() => isEnough = true);
    const outcomes: Awaited<ReturnType<typeof run>>[] = [];
    let next = 0;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (!isEnough) {
        const index = next++;
        outcomes[index] = await run(ops, { index, log });
      }
    }));
    await killing;
    const ran = (await Deno.readTextFile(log)).trim().split("\n").map(Number);
    for (const [index, { ok, stdout, signal }] of outcomes.entries()) {
      const times = ran.filter((it) => it === index).length;
      // one that was seen at its gate may have begun when the signal came
      if (ok) assertEquals([times, stdout], [1, `${index}\n`]);
      else assert(signal === "SIGKILL" && times <= 1, `${index}: ${signal}`);
    }
    assert(outcomes.filter((it) => it.ok).length > next / 2);
    await ops.close();
    await until(async () => (await processesWith(shell)).length === 0);
  });
}
