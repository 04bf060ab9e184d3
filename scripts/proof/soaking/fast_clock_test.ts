import { assert, assertEquals } from "@std/assert";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { preloadedClock } from "./preloaded_clock.ts";

const SPEED = 48;

/** Asks each clock, waits by a timer, and asks again. */
const PROGRAM = `
const ask = () => [Date.now(), new Date().getTime(), performance.now()];
const before = ask();
const began = Deno.statSync(Deno.args[0]).mtime.getTime();
await new Promise((resolve) => setTimeout(resolve, 60_000));
Deno.writeTextFileSync(Deno.args[0], "again");
const written = Deno.statSync(Deno.args[0]).mtime.getTime();
const passed = ask().map((it, index) => it - before[index]);
const fixed = new Date(5).getTime();
console.log(JSON.stringify({ passed, file: written - began, fixed, before }));
`;

Deno.test("fast_clock.ts gives dates, timers, the monotonic clock and files one faster time", async () => {
  await using folder = await tempDir();
  const program = folder.join("program.ts");
  const file = folder.join("file");
  await Deno.writeTextFile(program, PROGRAM);
  await Deno.writeTextFile(file, "");
  const from = Date.UTC(2030, 0, 1);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-config",
      `--allow-read=${folder.path}`,
      `--allow-write=${folder.path}`,
      preloadedClock({ speed: SPEED, from }),
      program,
      file,
    ],
    stderr: "inherit",
  }).output();
  const told = JSON.parse(new TextDecoder().decode(stdout));
  // The wait of a minute took 1.25 s, and was a minute by every clock.
  for (const passed of [...told.passed, told.file]) {
    assert(passed >= 59_000, `${passed} ms`);
  }
  assert(told.before[0] >= from && told.before[0] < from + 3_600_000);
  assertEquals(told.fixed, 5);
});
