import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Database as Connection } from "@db/sqlite";
import { basename } from "@std/path";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { silentLogger, tempDir } from "../../shared/testing/fakes.ts";
import { until } from "../../shared/testing/until.ts";
import { Redactor } from "../../shared/redact.ts";
import { openDatabase } from "../store/database.ts";
import { storesOf } from "../store/stores.ts";
import { BackupService } from "./backup_service.ts";
import { backupFiles } from "./backup_files.ts";
import { DailyBackup } from "./daily_backup.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** A database with its daily backups, at noon, where the machine is. */
async function fixture() {
  const dir = await tempDir();
  const path = dir.join("conductor.db");
  const db = openDatabase(path);
  const clock = new FakeClock(new Date(2026, 5, 15, 12).getTime());
  const folder = dir.join("backups");
  const set = { leads: true, free: 1e12 as number | undefined };
  const damages: string[] = [];
  const pause = () => Promise.resolve();
  const backups = new BackupService({ from: path, folder, clock, pause });
  const made = () => {
    const daily = new DailyBackup({
      backups,
      leads: () => set.leads,
      freeBytes: () => Promise.resolve(set.free),
      sizeBytes: () => Deno.statSync(path).size,
      onDamage: (error) => damages.push(error.message),
      clock,
      log: silentLogger,
    });
    daily.start();
    return daily;
  };
  /** Lets `ms` pass, minute by minute, and whatever was begun come to its end. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= MINUTE) {
      await clock.advance(Math.min(MINUTE, left));
      await until(() => Promise.resolve(clock.pending), (it) => it > 0);
    }
  };
  return {
    path,
    folder,
    db,
    clock,
    backups,
    set,
    damages,
    made,
    pass,
    names: () => backupFiles(folder).map((it) => basename(it.path)),
    async [Symbol.asyncDispose]() {
      db.close();
      await dir[Symbol.asyncDispose]();
    },
  };
}

function localTime(createdAt: string | undefined): string {
  const at = new Date(createdAt ?? NaN);
  return `${at.getDate()}. ${at.getHours()}:${at.getMinutes()}`;
}

Deno.test("DailyBackup makes one at the start when one is due, and at 03:00 local time", async () => {
  await using it = await fixture();
  let daily = it.made();
  await it.pass(MINUTE);
  assertEquals(it.names().length, 1);
  const [first] = it.backups.list();
  assertEquals([first?.verified, first?.isDaily], [true, true]);
  assertEquals(localTime(first?.created_at), "15. 12:0");
  assertEquals((await Deno.stat(first?.path ?? "")).mode, 0o100600);
  // Started again the same day: none is due.
  daily.stop();
  daily = it.made();
  await it.clock.jump(14 * HOUR + 50 * MINUTE);
  await it.pass(5 * MINUTE);
  assertEquals(it.names().length, 1);
  await it.pass(10 * MINUTE);
  assertEquals(localTime(it.backups.list()[0]?.created_at), "16. 3:0");
  // Off over 03:00: made at the start.
  daily.stop();
  await it.clock.advance(30 * HOUR);
  assertEquals(it.names().length, 2);
  daily = it.made();
  await it.pass(MINUTE);
  assertEquals(it.names().length, 3);
  assertEquals(daily.trouble, undefined);
  daily.stop();
});

Deno.test("DailyBackup keeps the newest seven of its own, and all that were asked for", async () => {
  await using it = await fixture();
  const asked = await it.backups.create();
  const daily = it.made();
  // A clock that was wrong once keeps nobody from making more.
  const wrong = "conductor-2999-01-01T00-00-00-000Z.daily.db";
  await Deno.copyFile(asked.path, `${it.folder}/${wrong}`);
  for (let day = 0; day < 10; day++) {
    await it.pass(2 * MINUTE);
    await it.clock.jump(24 * HOUR);
  }
  await it.pass(2 * MINUTE);
  const names = it.names();
  assertEquals(names.filter((name) => name.includes(".daily.")).length, 7);
  assert(names.includes(wrong) && names.includes(basename(asked.path)));
  const newest = it.backups.list()[1]?.created_at ?? "";
  assert(it.clock.now() - Date.parse(newest) < HOUR, newest);
  daily.stop();
});

Deno.test("DailyBackup is the leader's, leaves a low disk alone, and says so", async () => {
  await using it = await fixture();
  it.set.leads = false;
  const daily = it.made();
  await it.pass(5 * MINUTE);
  assertEquals(it.names(), []);
  it.set.leads = true;
  it.set.free = 200_000_000;
  await it.pass(MINUTE);
  assertStringIncludes(daily.trouble ?? "", "the disk is low: 200 MB are free");
  assertEquals(it.names(), []);
  it.set.free = 1e12;
  await it.pass(30 * MINUTE);
  assertEquals(it.names(), [], "tried again after an hour");
  await it.pass(31 * MINUTE);
  assertEquals([it.names().length, daily.trouble], [1, undefined]);
  daily.stop();
});

Deno.test("DailyBackup marks a copy whose audit trail is not whole, and never lets it push out the others", async () => {
  await using it = await fixture();
  const daily = it.made();
  await it.pass(MINUTE);
  const [good] = it.names();
  const raw = new Connection(it.path);
  raw.exec("UPDATE audit_head SET seq = 5, hash = 'x'");
  raw.close();
  for (let day = 0; day < 8; day++) {
    await it.clock.jump(24 * HOUR);
    await it.pass(2 * MINUTE);
  }
  assertStringIncludes(daily.trouble ?? "", "/v1/audit/verify");
  const names = it.names();
  assertEquals(names.length, 2);
  assertStringIncludes(names[0] ?? "", ".daily.unverified.db");
  assertEquals(names[1], good);
  daily.stop();
});

Deno.test("DailyBackup finds damage that nothing else has met, and tells of it", async () => {
  await using it = await fixture();
  const events = storesOf(it.db, new Redactor()).events;
  const data = { task_id: "x".repeat(500) };
  it.db.write(() => {
    for (let n = 0; n < 1000; n++) {
      events.append("task.cancel_requested", data, 0);
    }
  });
  it.db.close();
  // A leaf somewhere in the middle: what is before and behind it can be read.
  using file = await Deno.open(it.path, { read: true, write: true });
  const { size } = await file.stat();
  await file.seek(Math.floor(size / 8192 + 30) * 4096, Deno.SeekMode.Start);
  await file.write(new Uint8Array(4096).fill(0x77));
  const daily = it.made();
  await it.pass(MINUTE);
  assertEquals(it.damages, ["Cannot use the database: the file is damaged"]);
  assertStringIncludes(daily.trouble ?? "", "the daily backup was not made");
  const left = Array.from(Deno.readDirSync(it.folder), ({ name }) => name);
  assertEquals(left, []);
  daily.stop();
});
