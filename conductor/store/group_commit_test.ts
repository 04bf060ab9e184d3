import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Database as Connection } from "@db/sqlite";
import { tempDir } from "../../shared/testing/fakes.ts";
import { openDatabase } from "./database.ts";
import type { StorageError } from "./storage_error.ts";

/** A database whose commits are counted, with the ways to write and read it. */
async function countedDatabase() {
  const dir = await tempDir();
  const path = dir.join("a.db");
  const db = openDatabase(path);
  let commits = 0;
  db.listen({ committed: () => commits++ });
  const add = (type: string) => () =>
    db.insert("events", { type, at: 1, data: "{}" }).seq;
  return {
    db,
    path,
    add,
    commits: () => commits,
    /** What another process would read now. */
    types: () => typesIn(path),
    async [Symbol.asyncDispose]() {
      db.close();
      await dir[Symbol.asyncDispose]();
    },
  };
}

function typesIn(path: string): string[] {
  const other = new Connection(path, { int64: true, readonly: true });
  try {
    return other.prepare("SELECT type FROM events ORDER BY seq")
      .values<[string]>().map(([type]) => type);
  } finally {
    other.close();
  }
}

/** The turn of the event loop that a lone caller may have to wait. */
function turn(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => setImmediate(resolve)));
}

Deno.test("Database.share() commits what comes in one turn together, in its order, and resolves when it is on the disk", async () => {
  await using it = await countedDatabase();
  const { db } = it;
  const ends = Array.from({ length: 50 }, async (_, index) => {
    const seq = await db.share(it.add(`t${index}`));
    assertEquals(it.types().length, 50);
    return seq;
  });
  assertEquals(it.types(), []);
  assertEquals(
    await Promise.all(ends),
    Array.from({ length: 50 }, (_, index) => index + 1),
  );
  assertEquals(it.types(), Array.from({ length: 50 }, (_, i) => `t${i}`));
  assertEquals(it.commits(), 1);
});

Deno.test("Database.share() lets a lone caller wait for one turn only", async () => {
  await using it = await countedDatabase();
  void it.db.share(it.add("alone"));
  void it.db.share(it.add("also its own"));
  await turn();
  assertEquals(it.types(), ["alone", "also its own"]);
});

Deno.test("Database.share() waits for who comes while it gathers, but not for ever", async () => {
  await using it = await countedDatabase();
  const ends: Promise<number>[] = [];
  let isOver = false;
  const more = () => {
    if (isOver) return;
    setImmediate(more);
    ends.push(it.db.share(it.add("more")));
  };
  more();
  await ends[0];
  isOver = true;
  const first = it.types().length;
  assertEquals(first > 1 && first < 50, true, `${first}`);
  await Promise.all(ends);
});

Deno.test("Database.share() lets one that fails change nothing, alone", async () => {
  await using it = await countedDatabase();
  const { db } = it;
  const before = db.share(it.add("before"));
  const failing = db.share(() => {
    it.add("never")();
    throw new Error("it does not like it");
  });
  const broken = db.share(() => db.insert("events", { type: "no data" }));
  const behind = db.share(it.add("behind"));
  await assertRejects(() => failing, Error, "it does not like it");
  await assertRejects(() => broken, Error, "NOT NULL");
  assertEquals(await Promise.all([before, behind]), [1, 2]);
  assertEquals(it.types(), ["before", "behind"]);
  assertEquals(it.commits(), 1);
});

Deno.test("Database.write() takes along what waits, in order, and fails alone", async () => {
  await using it = await countedDatabase();
  const { db } = it;
  const first = db.share(it.add("first"));
  const error = assertThrows(() =>
    db.write(() => {
      it.add("never")();
      throw new Error("not now");
    })
  );
  assertEquals((error as Error).message, "not now");
  assertEquals(it.types(), ["first"]);
  const second = db.share(it.add("second"));
  assertEquals(db.write(it.add("third")), 3);
  assertEquals(it.types(), ["first", "second", "third"]);
  assertEquals(await Promise.all([first, second]), [1, 2]);
  assertEquals(it.commits(), 2);
});

Deno.test("Database.flush() writes what waits for a reader, and nothing when nothing does", async () => {
  await using it = await countedDatabase();
  const { db } = it;
  let isDone = false;
  db.add({ work: it.add("later"), done: () => isDone = true, failed() {} });
  await turn();
  assertEquals(it.types(), []);
  db.flush();
  db.flush();
  assertEquals(it.types(), ["later"]);
  assertEquals([isDone, it.commits()], [true, 1]);
  db.write(() => {
    db.add({ work: it.add("inside"), done() {}, failed() {} });
    // Nobody else can read yet, so there is nothing to be seen.
    db.flush();
  });
  db.close();
  assertEquals(typesIn(it.path), ["later", "inside"]);
});

Deno.test("Database.share() tells all of a group when the database takes none of it", async () => {
  await using it = await countedDatabase();
  const { db } = it;
  const other = new Connection(it.path);
  other.exec("BEGIN IMMEDIATE");
  let waits = 0;
  db.listen({ failed: () => waits++ });
  const ends = await Promise.allSettled([
    db.share(it.add("a")),
    db.share(it.add("b")),
    db.share(it.add("c")),
  ]);
  other.exec("COMMIT");
  other.close();
  for (const end of ends) {
    assertEquals(end.status, "rejected");
    const { reason } = end as PromiseRejectedResult;
    assertEquals((reason as StorageError).trouble, "busy");
  }
  assertEquals(waits, 1);
  assertEquals(await db.share(it.add("d")), 1);
});

Deno.test("A piece without which the others must not be written takes them with it", async () => {
  await using it = await countedDatabase();
  const { db } = it;
  let failure: unknown;
  db.add({
    isVital: true,
    work() {
      throw new Error("no row");
    },
    done() {},
    failed: (error) => failure = error,
  });
  await assertRejects(() => db.share(it.add("work")), Error, "no row");
  assertEquals((failure as Error).message, "no row");
  assertEquals(it.types(), []);
  assertEquals(await db.share(it.add("work")), 1);
});
