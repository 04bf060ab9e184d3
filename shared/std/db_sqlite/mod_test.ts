import { assertEquals, assertThrows } from "@std/assert";
import { Database, SqliteError } from "@db/sqlite";
import { tempDir } from "../../testing/fakes.ts";

function memory(): Database {
  const db = new Database(":memory:", { int64: true, parseJson: false });
  db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v ANY UNIQUE) STRICT");
  return db;
}

Deno.test("Statement binds each kind of value as the real package does", () => {
  const db = memory();
  const kind = db.prepare("SELECT typeof(?1) AS kind, ?1 AS v");
  for (
    const [given, type, back] of [
      [1, "integer", 1],
      [1.5, "real", 1.5],
      [2 ** 40, "integer", 2 ** 40],
      [9007199254740993n, "integer", 9007199254740993n],
      [true, "integer", 1],
      [false, "integer", 0],
      [null, "null", null],
      [undefined, "null", null],
      ["", "text", ""],
      [new Uint8Array([1, 2]), "blob", new Uint8Array([1, 2])],
    ] as const
  ) {
    assertEquals(kind.get(given), { kind: type, v: back });
  }
  db.close();
});

Deno.test("Statement takes parameters in order or by name", () => {
  const db = memory();
  assertEquals(db.prepare("SELECT ?, ?").value(1, 2), [1, 2]);
  assertEquals(
    db.prepare("SELECT :a, @b, $c").value({ a: 1, b: true, c: "x" }),
    [1, 1, "x"],
  );
  assertThrows(() => db.prepare("SELECT :a").value({ nope: 1 }), Error);
  db.close();
});

Deno.test("Statement forgets the parameters of the call before", () => {
  const db = memory();
  const statement = db.prepare("SELECT ?, ?");
  assertEquals(statement.value(1, 2), [1, 2]);
  assertEquals(statement.value(3), [3, null]);
  assertEquals(statement.value(), [null, null]);
  db.close();
});

Deno.test("Statement returns rows as plain objects and as arrays", () => {
  const db = memory();
  db.exec("INSERT INTO t VALUES (1, 'a'), (2, NULL)");
  const all = db.prepare<{ id: number; v: string | null }>("SELECT * FROM t");
  assertEquals(all.all(), [{ id: 1, v: "a" }, { id: 2, v: null }]);
  assertEquals(Object.getPrototypeOf(all.get() ?? null), Object.prototype);
  assertEquals(all.get(), { id: 1, v: "a" });
  assertEquals(all.values(), [[1, "a"], [2, null]]);
  assertEquals(all.value(), [1, "a"]);
  assertEquals([...all], [{ id: 1, v: "a" }, { id: 2, v: null }]);
  assertEquals(all.columnNames(), ["id", "v"]);
  assertEquals(db.prepare("SELECT 1 WHERE 0").get(), undefined);
  assertEquals(db.prepare("SELECT 1 WHERE 0").value(), undefined);
  db.close();
});

Deno.test("Database reads integers as 32 bits wide without int64", () => {
  const db = new Database(":memory:");
  assertEquals(db.prepare("SELECT 4294967297").value(), [1]);
  db.close();
});

Deno.test("Database.exec() runs scripts and single statements", () => {
  const db = memory();
  assertEquals(
    db.exec(
      "INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (2, 'b'), (3, 'c')",
    ),
    2,
  );
  assertEquals(db.exec("DELETE FROM t WHERE id > ?", 1), 2);
  db.close();
});

Deno.test("Database reports failures with SQLite's primary result code", () => {
  const db = memory();
  db.exec("INSERT INTO t VALUES (1, 'a')");
  const insert = db.prepare("INSERT INTO t VALUES (?, ?)");
  const error = assertThrows(
    () => insert.run(2, "a"),
    SqliteError,
    "UNIQUE constraint failed: t.v",
  );
  assertEquals(error.code, 19);
  assertThrows(() => db.prepare("SELEC"), SqliteError, "syntax error");
  assertThrows(() => db.exec("SELEC"), Error, "syntax error");
  db.close();
});

Deno.test("Database.transaction() commits on return and rolls back on throw", () => {
  const db = memory();
  const insert = db.prepare("INSERT INTO t VALUES (?, NULL)");
  const both = db.transaction((a: number, b: number) => {
    assertEquals(db.inTransaction, true);
    insert.run(a);
    insert.run(b);
    return a + b;
  });
  assertEquals(both(1, 2), 3);
  assertThrows(() => both.immediate(3, 1), SqliteError);
  assertEquals(db.inTransaction, false);
  assertEquals(both.deferred(5, 6), 11);
  assertEquals(db.prepare("SELECT id FROM t").values(), [[1], [2], [5], [6]]);
  db.close();
});

Deno.test("Database.transaction() nests as savepoints", () => {
  const db = memory();
  const insert = db.prepare("INSERT INTO t VALUES (?, NULL)");
  const inner = db.transaction((id: number) => {
    insert.run(id);
    if (id === 2) throw new Error("no");
  });
  db.transaction(() => {
    inner(1);
    assertThrows(() => inner(2), Error, "no");
    inner.deferred(3);
  })();
  assertEquals(db.prepare("SELECT id FROM t").values(), [[1], [3]]);
  db.close();
});

Deno.test("Database.close() is idempotent and ends the statements", () => {
  const db = memory();
  const statement = db.prepare("SELECT 1");
  db.close();
  db.close();
  assertEquals(db.inTransaction, false);
  assertThrows(() => statement.get());
});

Deno.test("Database opens files as its options say", async () => {
  await using dir = await tempDir();
  const path = dir.join("a.db");
  assertThrows(
    () => new Database(path, { create: false }),
    SqliteError,
    "unable to open database file",
  );
  const db = new Database(path);
  db.exec("CREATE TABLE t (id INTEGER)");
  const reader = new Database(path, { readonly: true });
  assertEquals(reader.prepare("SELECT * FROM t").all(), []);
  const error = assertThrows(
    () => reader.prepare("INSERT INTO t VALUES (1)").run(),
    SqliteError,
  );
  assertEquals(error.code, 8);
  reader.close();
  db.close();
});

Deno.test("Statement left early while it is iterated holds no lock", async () => {
  await using dir = await tempDir();
  const db = new Database(dir.join("a.db"), { int64: true });
  db.exec("CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1), (2), (3)");
  for (const row of db.prepare("SELECT id FROM t")) {
    assertEquals(row, { id: 1 });
    break;
  }
  db.exec("DROP TABLE t");
  db.close();
});
