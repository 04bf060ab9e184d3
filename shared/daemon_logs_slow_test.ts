import { assert, assertEquals } from "@std/assert";
import { DaemonLogs } from "./daemon_logs.ts";
import { Redactor } from "./redact.ts";
import { tempDir } from "./testing/fakes.ts";

Deno.test("DaemonLogs reads in pieces: a hundred megabytes leave the loop and the memory free", async () => {
  await using dir = await tempDir();
  const line = JSON.stringify({
    note: "x".repeat(300),
    time: "2026-01-01T00:00:00.000Z",
    level: "info",
    message: "one of many",
  });
  await Deno.mkdir(dir.join("conductor"), { recursive: true });
  const text = `${line}\n`.repeat(25_000);
  for (let n = 0; n < 10; n++) {
    const place = String(Math.ceil(text.length / 64) * n + 1).padStart(12, "0");
    await Deno.writeTextFile(
      dir.join(`conductor/conductor.${place}.jsonl`),
      text,
    );
  }
  const logs = new DaemonLogs({
    logsDir: dir.path,
    services: ["conductor", "codexd"],
    redactor: new Redactor(),
  });
  const held = () => {
    const { heapUsed, external } = Deno.memoryUsage();
    return (heapUsed + external) / 1_048_576;
  };
  const before = held();
  let longest = 0;
  let most = 0;
  let last = performance.now();
  const ticking = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    most = Math.max(most, held());
  }, 5);
  const after = { conductor: 0, codexd: 0 };
  const found = await logs.read({ limit: 5, after, level: "error" });
  clearInterval(ticking);
  assertEquals(found.entries, []);
  assertEquals(found.places.conductor > 90_000_000, true);
  assertEquals((await logs.read({ limit: 200 })).entries.length, 200);
  const grown = most - before;
  // All at once it would be seconds, and 100 MiB.
  assert(longest < 1000 && grown < 80, `${longest} ms, ${grown} MiB`);
});
