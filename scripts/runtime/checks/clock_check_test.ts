import { assertEquals } from "@std/assert";
import { Database } from "@db/sqlite";
import { isoTime } from "../../../shared/clock.ts";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { HastyClock } from "../testing/hasty_clock.ts";
import { clockCheck, watchClock } from "./clock_check.ts";

const HOUR = 3_600_000;

Deno.test("clockCheck() finds rows of tomorrow, and times that go back", async () => {
  await using dir = await tempDir();
  const database = new Database(dir.join("a.db"));
  using _closing = { [Symbol.dispose]: () => database.close() };
  for (const table of ["audit", "events"]) {
    database.exec(
      `CREATE TABLE ${table} (seq INTEGER PRIMARY KEY, at INTEGER)`,
    );
  }
  const write = (table: string, at: number) =>
    database.prepare(`INSERT INTO ${table} (at) VALUES (?)`).run(at);
  const seen = (now: number) =>
    clockCheck(database.path, {
      clock: Object.assign(new HastyClock(), { now: () => now }),
      os: "linux",
    }).map(({ level, seen, fix }) => [level, seen.split(": ")[0], fix]);
  const fine = [["ok", "it has not gone back, by what is recorded", undefined]];
  assertEquals(seen(0), fine);
  for (const at of [1, 2, 1.9, 3]) write("audit", at * HOUR);
  for (const at of [1, 1.999, 1.998, 3]) write("events", at * HOUR);
  const fix = "sudo timedatectl set-ntp true";
  assertEquals(seen(4 * HOUR), [[
    "warning",
    `at ${isoTime(1.9 * HOUR)} the clock went back by 360 s`,
    fix,
  ]]);
  assertEquals(seen(2 * HOUR), [[
    "warning",
    `the database has rows of ${isoTime(3 * HOUR)}, and it is ${
      isoTime(2 * HOUR)
    }`,
    fix,
  ]]);
  database.exec("DELETE FROM audit");
  assertEquals(seen(4 * HOUR), fine);
  assertEquals(
    clockCheck(dir.join("none.db"), { clock: new HastyClock(), os: "linux" }),
    [],
  );
});

Deno.test("watchClock() tells that the clock moved meanwhile", () => {
  let now = 0;
  let monotonic = 0;
  const clock = {
    now: () => now,
    monotonic: () => monotonic,
    after: () => ({ cancel() {} }),
  };
  const moved = watchClock({ clock, os: "darwin" });
  now = monotonic = 5000;
  assertEquals(moved(), []);
  now -= HOUR;
  assertEquals(
    moved().map(({ level, seen, fix }) => [level, seen.split(":")[0], fix]),
    [[
      "warning",
      "it moved by -3600000 ms while this ran",
      "sudo systemsetup -setusingnetworktime on; sudo sntp -sS time.apple.com",
    ]],
  );
});
