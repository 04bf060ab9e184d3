import { assertEquals, assertThrows } from "@std/assert";
import { Reaper } from "../../host_ops/process/reaper.ts";
import { systemClock } from "../../shared/clock.ts";
import { silentLogger } from "../../shared/testing/fakes.ts";
import { cleanupScript, MARK_VARIABLE, sweepOrphans } from "./orphans.ts";

/** A command in a session of its own, as Codex starts them. */
function strayCommand(mark: string, script = "exec sleep 60") {
  return new Deno.Command("/bin/sh", {
    args: ["-c", script],
    env: { [MARK_VARIABLE]: mark, PATH: "/usr/bin:/bin" },
    clearEnv: true,
    detached: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

Deno.test("sweepOrphans() kills what bears the mark, and nothing else", async () => {
  const mark = crypto.randomUUID();
  const strays = [strayCommand(mark), strayCommand(mark)];
  const other = strayCommand(crypto.randomUUID());
  assertEquals(await sweepOrphans("/bin/sh", mark), 2);
  for (const stray of strays) {
    assertEquals((await stray.status).signal, "SIGKILL");
  }
  assertEquals(await sweepOrphans("/bin/sh", mark), 0);
  other.kill("SIGKILL");
  await other.status;
});

Deno.test("cleanupScript() lets a group end by itself, then kills strays", async () => {
  const mark = crypto.randomUUID();
  const reaper = new Reaper({
    shell: "/bin/sh",
    clock: systemClock,
    log: silentLogger,
    cleanup: cleanupScript(mark),
  });
  const stray = strayCommand(mark);
  const orderly = strayCommand(crypto.randomUUID(), "sleep 0.3; exit 7");
  await reaper.remember(orderly.pid);
  await reaper.close();
  assertEquals((await orderly.status).code, 7);
  assertEquals((await stray.status).signal, "SIGKILL");
});

Deno.test("cleanupScript() kills a group that does not end", async () => {
  const reaper = new Reaper({
    shell: "/bin/sh",
    clock: systemClock,
    log: silentLogger,
    cleanup: cleanupScript(crypto.randomUUID()),
  });
  const stuck = strayCommand(crypto.randomUUID());
  await reaper.remember(stuck.pid);
  await reaper.close();
  assertEquals((await stuck.status).signal, "SIGKILL");
});

Deno.test("sweepOrphans() takes no mark that could be a script", () => {
  assertThrows(() => cleanupScript("x; rm -rf /"), Error, "as a mark");
});
