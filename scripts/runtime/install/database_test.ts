import { Database } from "@db/sqlite";
import { assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { LockFiles } from "../../../conductor/store/mod.ts";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { parseJobState } from "../launchd/job_state.ts";
import { databasePath } from "../node/installation.ts";
import { keepDatabase, mustBeUnused, restoreDatabase } from "./database.ts";

async function setUp() {
  const dir = await tempDir();
  const path = databasePath(dir.join("state"));
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.mkdir(dir.join("kept"));
  const change = (...statements: string[]) => {
    using database = new Closing(path);
    for (const statement of statements) database.exec(statement);
  };
  const rows = () => {
    using database = new Closing(path);
    return database.prepare("SELECT a FROM t").values().flat();
  };
  change(
    "PRAGMA journal_mode = WAL",
    "CREATE TABLE t (a TEXT)",
    "INSERT INTO t VALUES ('before')",
    "PRAGMA user_version = 3",
  );
  return { dir, change, rows };
}

class Closing extends Database {
  [Symbol.dispose](): void {
    this.close();
  }
}

Deno.test("restoreDatabase() takes back what a new version has migrated", async () => {
  const { dir, change, rows } = await setUp();
  await using _ = dir;
  const kept = await keepDatabase(dir.join("state"), dir.join("kept"));
  change("PRAGMA user_version = 4", "INSERT INTO t VALUES ('migrated')");
  assertEquals(kept && await restoreDatabase(kept), true);
  assertEquals(rows(), ["before"]);
});

Deno.test("restoreDatabase() leaves alone what the old version can read", async () => {
  const { dir, change, rows } = await setUp();
  await using _ = dir;
  const kept = await keepDatabase(dir.join("state"), dir.join("kept"));
  change("INSERT INTO t VALUES ('acknowledged')");
  assertEquals(kept && await restoreDatabase(kept), false);
  assertEquals(rows(), ["before", "acknowledged"]);
});

Deno.test("keepDatabase() has nothing to keep at a first install", async () => {
  await using dir = await tempDir();
  assertEquals(await keepDatabase(dir.join("state"), dir.path), undefined);
});

Deno.test("mustBeUnused() knows a conductor that lives from one that is gone", async () => {
  const { dir } = await setUp();
  await using _ = dir;
  const path = databasePath(dir.join("state"));
  await mustBeUnused(path);
  const folder = join(dirname(path), "instances");
  const locks = new LockFiles(folder);
  locks.hold("instance_1");
  await assertRejects(() => mustBeUnused(path), Error, "did not start uses");
  const target = "gui/501/so.makefile.baa-conductor";
  const job = parseJobState(target, "\tstate = running\n\tpid = 7\n");
  await mustBeUnused(path, { find: () => Promise.resolve([job]) });
  locks.release();
  await Deno.writeTextFile(join(folder, "instance_0.lock"), "");
  await mustBeUnused(path);
});
