import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Database as Connection } from "@db/sqlite";
import { tempDir } from "../../shared/testing/fakes.ts";
import { pause } from "../../shared/testing/until.ts";
import { Redactor } from "../../shared/redact.ts";
import { type Database, openDatabase } from "./database.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./migrations.ts";
import { StorageError } from "./storage_error.ts";
import { storesOf } from "./stores.ts";

Deno.test("openDatabase() makes a private file with durable settings", async () => {
  await using dir = await tempDir();
  const db = openDatabase(dir.join("a.db"));
  db.write(() => db.run("UPDATE automation SET mode = 'paused'"));
  for (const name of ["a.db", "a.db-wal", "a.db-shm"]) {
    assertEquals((await Deno.stat(dir.join(name))).mode ?? 0, 0o100600);
  }
  assertEquals(db.get("PRAGMA journal_mode"), { journal_mode: "wal" });
  assertEquals(db.get("PRAGMA synchronous"), { synchronous: 2 });
  assertEquals(db.get("PRAGMA fullfsync"), { fullfsync: 1 });
  assertEquals(db.get("PRAGMA checkpoint_fullfsync"), {
    checkpoint_fullfsync: 1,
  });
  db.close();
});

Deno.test("openDatabase() waits for another process that makes the database", async () => {
  await using dir = await tempDir();
  const path = dir.join("a.db");
  const first = new Connection(path);
  first.exec("BEGIN EXCLUSIVE");
  const module = new URL("./database.ts", import.meta.url);
  const second = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { openDatabase } from ${JSON.stringify(module.href)};
       console.log("opens");
       openDatabase(${JSON.stringify(path)}).close();`,
    ],
    stdout: "piped",
  }).spawn();
  const reader = second.stdout.getReader();
  await reader.read();
  await pause(200); // it cannot say that it waits
  first.exec("ROLLBACK");
  first.close();
  await reader.cancel();
  assertEquals((await second.status).code, 0);
});

Deno.test("openDatabase() tries again what a disk refused once, and says that it is full", async () => {
  await using dir = await tempDir();
  const { openSync } = Deno;
  const refusing = (code: string) => {
    Deno.openSync = () => {
      Deno.openSync = openSync;
      throw Object.assign(new Error("refused"), { code });
    };
  };
  try {
    refusing("EIO");
    openDatabase(dir.join("a.db")).close();
    refusing("ENOSPC");
    const { trouble } = assertThrows(
      () => openDatabase(dir.join("a.db")),
      StorageError,
      "full",
    );
    assertEquals(trouble, "full");
  } finally {
    Deno.openSync = openSync;
  }
});

Deno.test("openDatabase() keeps what was written", async () => {
  await using dir = await tempDir();
  const first = openDatabase(dir.join("a.db"));
  first.write(() => first.run("UPDATE automation SET mode = 'draining'"));
  first.close();
  const second = openDatabase(dir.join("a.db"));
  assertEquals(second.get("SELECT mode FROM automation"), { mode: "draining" });
  second.close();
});

Deno.test("openDatabase() refuses a database from a newer version", async () => {
  await using dir = await tempDir();
  openDatabase(dir.join("a.db")).close();
  const raw = new Connection(dir.join("a.db"));
  raw.exec("PRAGMA user_version = 999");
  raw.close();
  const error = assertThrows(() => openDatabase(dir.join("a.db")), Error);
  assertMatch(error.message, /^Cannot use the database ".*a\.db": its schema/);
  assertMatch(error.message, /version 999, this program knows up to \d+/);
});

Deno.test("openDatabase() says so when the file is no database", async () => {
  await using dir = await tempDir();
  await Deno.writeTextFile(dir.join("a.db"), "not a database ".repeat(1000));
  assertThrows(
    () => openDatabase(dir.join("a.db")),
    Error,
    "file is not a database",
  );
});

Deno.test("openDatabase() notices damage where everything hangs on", async () => {
  await using dir = await tempDir();
  const path = dir.join("a.db");
  openDatabase(path).close();
  const raw = new Connection(path, { readonly: true });
  const [page] = raw.prepare(
    "SELECT rootpage FROM sqlite_schema WHERE name = 'lease'",
  ).value<[number]>() ?? [0];
  raw.close();
  const bytes = await Deno.readFile(path);
  bytes.fill(0x77, (page - 1) * 4096, page * 4096);
  await Deno.writeFile(path, bytes);
  assertThrows(() => openDatabase(path), Error, "it is damaged");
});

Deno.test("migrate() applies each missing step once, and all of them or none", () => {
  const connection = new Connection(":memory:");
  const good = { name: "one", sql: "CREATE TABLE one (id INTEGER);" };
  const bad = {
    name: "two",
    sql: "CREATE TABLE two (id INTEGER); CREATE TABLE one (id INTEGER);",
  };
  assertThrows(() => migrate(connection, [good, bad]), Error, "already exists");
  assertEquals(connection.prepare("PRAGMA user_version").value(), [0]);
  const better = { name: "two", sql: "CREATE TABLE two (id INTEGER);" };
  migrate(connection, [good]);
  migrate(connection, [good, better]);
  migrate(connection, [good, better]);
  assertEquals(connection.prepare("PRAGMA user_version").value(), [2]);
  connection.close();
});

Deno.test("MIGRATIONS give a schema that passes SQLite's own check", () => {
  const connection = new Connection(":memory:");
  migrate(connection, MIGRATIONS);
  assertEquals(connection.prepare("PRAGMA integrity_check").value(), ["ok"]);
  connection.close();
});

Deno.test("Database.write() rolls back on throw and tells of commits only", () => {
  const db = openDatabase(":memory:");
  let commits = 0;
  db.listen({ committed: () => commits++ });
  assertThrows(() =>
    db.write(() => {
      db.run("UPDATE automation SET mode = 'paused'");
      throw new Error("no");
    })
  );
  assertEquals(commits, 0);
  assertEquals(db.get("SELECT mode FROM automation"), { mode: "running" });
  db.write(() =>
    db.write(() => db.run("UPDATE automation SET mode = 'paused'"))
  );
  assertEquals(commits, 1);
  db.close();
});

Deno.test("Database.write() gives up soon when another process writes", async () => {
  await using dir = await tempDir();
  const db = openDatabase(dir.join("a.db"));
  const failures: string[] = [];
  db.listen({ failed: (error) => failures.push(error.trouble) });
  const other = new Connection(dir.join("a.db"));
  other.exec("BEGIN IMMEDIATE");
  const error = assertThrows(
    () => db.write(() => db.run("UPDATE automation SET mode = 'paused'")),
    StorageError,
  );
  assertEquals([error.code, error.trouble], ["NOT_READY", "busy"]);
  assertEquals(failures, ["busy"]);
  other.exec("ROLLBACK");
  db.write(() => db.run("UPDATE automation SET mode = 'paused'"));
  other.close();
  db.close();
});

/** Pages of 4 KiB: all of them, and those that are free. */
function pagesOf(db: Database): [number, number] {
  return [
    Number(db.get<{ page_count: number }>("PRAGMA page_count")?.page_count),
    Number(
      db.get<{ freelist_count: number }>("PRAGMA freelist_count")
        ?.freelist_count,
    ),
  ];
}

Deno.test("Database.giveBack() makes the file as small as what is in it, an older file too", async () => {
  await using dir = await tempDir();
  for (const isOld of [false, true]) {
    const path = dir.join(`${isOld}.db`);
    if (isOld) {
      const raw = new Connection(path);
      raw.exec("PRAGMA journal_mode = WAL");
      migrate(raw);
      raw.exec("CREATE TABLE gone (x); DROP TABLE gone");
      raw.close();
    }
    const db = openDatabase(path);
    assertEquals(db.get("PRAGMA auto_vacuum"), { auto_vacuum: 2 });
    const { events } = storesOf(db, new Redactor());
    const data = { task_id: "x".repeat(1000) };
    db.write(() => {
      for (let i = 0; i < 20_000; i++) {
        events.append("task.cancel_requested", data, 0);
      }
    });
    db.write(() => db.run("DELETE FROM events"));
    assert(pagesOf(db)[1] > 5000);
    let steps = 0;
    while (db.giveBack()) steps++;
    assert(steps > 10, "in small steps");
    const [pages, free] = pagesOf(db);
    assert(free <= pages / 8, `${free} of ${pages} pages are free`);
    assertEquals((await Deno.stat(path)).size, pages * 4096);
    assert(pages < 200);
    assertEquals(db.get("PRAGMA integrity_check"), { integrity_check: "ok" });
    db.close();
  }
});

Deno.test("Lines of a log take at most twice their length, those of an earlier version too", () => {
  const connection = new Connection(":memory:", { int64: true });
  const before = MIGRATIONS.findIndex(({ name }) => name.startsWith("long"));
  migrate(connection, MIGRATIONS.slice(0, before));
  const insert = () => {
    const row = connection.prepare(
      "INSERT INTO task_logs VALUES (?, ?, 1, 'stdout', 'info', ?, 1)",
    );
    const task = number("SELECT count(*) FROM task_logs");
    for (let seq = 1; seq <= 1000; seq++) row.run(task, seq, "x".repeat(1100));
  };
  const number = (sql: string) =>
    connection.prepare(sql).value<[number]>()?.[0];
  insert();
  migrate(connection);
  insert();
  assertEquals(number("SELECT sum(length(message)) FROM task_logs"), 2_200_000);
  connection.exec("VACUUM");
  assert((number("PRAGMA page_count") ?? 0) * 4096 < 2 * 2_200_000);
});
