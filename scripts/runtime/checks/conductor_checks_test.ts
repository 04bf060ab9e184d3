import { Database } from "@db/sqlite";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { databaseCheck } from "./conductor_checks.ts";

async function writeDatabase(path: string): Promise<void> {
  const database = new Database(path);
  database.exec("CREATE TABLE t (a TEXT); CREATE INDEX i ON t (a)");
  const insert = database.prepare("INSERT INTO t VALUES (?)");
  for (let n = 0; n < 2000; n++) insert.run(`row ${n}`);
  database.close();
  await Deno.stat(path);
}

Deno.test("databaseCheck() finds a whole database whole", async () => {
  await using dir = await tempDir();
  await writeDatabase(dir.join("a.db"));
  assertEquals((await databaseCheck(dir.join("a.db"))).level, "ok");
});

Deno.test("databaseCheck() finds a page that was overwritten", async () => {
  await using dir = await tempDir();
  const path = dir.join("a.db");
  await writeDatabase(path);
  using file = await Deno.open(path, { write: true });
  await file.seek(4096 * 3, Deno.SeekMode.Start);
  await file.write(new Uint8Array(2048).fill(7));
  const finding = await databaseCheck(path);
  assertEquals(finding.level, "problem");
  assertStringIncludes(finding.seen, "is damaged");
});

Deno.test("databaseCheck() does not mind that conductor has never run", async () => {
  await using dir = await tempDir();
  assertEquals((await databaseCheck(dir.join("none.db"))).level, "warning");
});
