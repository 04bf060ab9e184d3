import { Database } from "@db/sqlite";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { openDatabase } from "../../../conductor/store/database.ts";
import {
  leading,
  sharedDatabase,
} from "../../../conductor/testing/automation_fixture.ts";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { backupCheck, databaseCheck } from "./conductor_checks.ts";

Deno.test("databaseCheck() finds a whole database whole, and its audit trail", async () => {
  await using dir = await tempDir();
  openDatabase(dir.join("a.db")).close();
  assertEquals(
    (await databaseCheck(dir.join("a.db"))).map((it) => [it.subject, it.level]),
    [["database", "ok"], ["audit", "ok"]],
  );
});

Deno.test("databaseCheck() finds the audit trail of real work whole", async () => {
  await using file = await sharedDatabase();
  using it = await leading({ path: file.path });
  (await it.store.audit.begin({
    action: "exec",
    actor: { name: "owner", source: "http", request_id: "req_1" },
    target: {},
  })).finish({ ok: true });
  it.store.db.flush();
  const [, audit] = await databaseCheck(file.path);
  assertEquals([audit?.level, audit?.seen], [
    "ok",
    "2 rows, the chain is whole",
  ]);
});

Deno.test("databaseCheck() finds a page that was overwritten", async () => {
  await using dir = await tempDir();
  const path = dir.join("a.db");
  const database = new Database(path);
  database.exec("CREATE TABLE t (a TEXT); CREATE INDEX i ON t (a)");
  const insert = database.prepare("INSERT INTO t VALUES (?)");
  database.transaction(() => {
    for (let n = 0; n < 2000; n++) insert.run(`row ${n}`);
  })();
  database.close();
  using file = await Deno.open(path, { write: true });
  await file.seek(4096 * 3, Deno.SeekMode.Start);
  await file.write(new Uint8Array(2048).fill(7));
  const [finding] = await databaseCheck(path);
  assertEquals(finding?.level, "problem");
  assertStringIncludes(finding?.seen ?? "", "is damaged");
});

Deno.test("databaseCheck() finds an audit trail whose end was cut off", async () => {
  await using dir = await tempDir();
  const path = dir.join("a.db");
  openDatabase(path).close();
  const database = new Database(path);
  database.exec("UPDATE audit_head SET seq = 5, hash = 'x'");
  database.close();
  const [, finding] = await databaseCheck(path);
  assertEquals(finding?.level, "problem");
  assertStringIncludes(finding?.seen ?? "", "the trail was changed");
});

Deno.test("databaseCheck() does not mind that conductor has never run", async () => {
  await using dir = await tempDir();
  assertEquals(
    (await databaseCheck(dir.join("none.db"))).map((it) => it.level),
    ["warning"],
  );
});

Deno.test("backupCheck() shows the newest verified backup, and warns when it is old or there is none", async () => {
  await using dir = await tempDir();
  const at = Date.parse("2026-11-26T12:00:00Z");
  const check = () => backupCheck(dir.path, at);
  assertEquals(check().level, "warning");
  const put = (name: string) => Deno.writeTextFile(dir.join(name), "12345");
  await put("conductor-2026-11-24T03-00-00-000Z.daily.db");
  assertEquals(check().level, "warning");
  assertStringIncludes(check().seen, "older than a day");
  await put("conductor-2026-11-26T03-00-00-000Z.daily.db");
  await put("conductor-2026-11-26T03-01-00-000Z.daily.unverified.db");
  await put("conductor-2026-11-26T03-02-00-000Z.db.partial");
  assertEquals(check().level, "ok");
  assertStringIncludes(check().seen, "T03-00-00-000Z.daily.db, 5 bytes");
});
