import { Database } from "@db/sqlite";
import { assertEquals, assertRejects } from "@std/assert";
import { backupDatabase } from "../../../conductor/record/mod.ts";
import { migrate } from "../../../conductor/store/migrate.ts";
import { MIGRATIONS } from "../../../conductor/store/migrations.ts";
import {
  AS_OWNER,
  automationAt,
  newTask,
} from "../../../conductor/testing/automation_fixture.ts";
import { type TempDir, tempDir } from "../../../shared/testing/fakes.ts";
import { checkBackup, removeStaged } from "./check_backup.ts";

function change(path: string, ...statements: string[]): void {
  const database = new Database(path);
  for (const sql of statements) database.exec(sql);
  database.close();
}

/** Makes a backup with three rows in its audit trail, and one task that waits. */
async function backupIn(dir: TempDir): Promise<string> {
  const path = dir.join("conductor.db");
  using it = automationAt({ path });
  it.start();
  it.system.setMode("paused", {});
  await it.tasks.create(newTask(), AS_OWNER);
  for (let row = 0; row < 3; row++) {
    const actor = { name: "owner", source: "http" } as const;
    const entry = { action: "x", actor, target: {} };
    (await it.store.audit.begin(entry)).finish({ ok: true });
  }
  const to = dir.join("good");
  const pause = () => Promise.resolve();
  await backupDatabase({ from: path, to, pause });
  return to;
}

Deno.test("checkBackup() refuses what is not whole or not conductor's, and touches none of it", async () => {
  await using dir = await tempDir();
  const good = await backupIn(dir);
  const copy = async (name: string, ...statements: string[]) => {
    await Deno.copyFile(good, dir.join(name));
    change(dir.join(name), ...statements);
    return dir.join(name);
  };
  await Deno.writeTextFile(dir.join("text"), "no database\n".repeat(999));
  await Deno.writeTextFile(dir.join("empty"), "");
  change(dir.join("foreign"), "CREATE TABLE theirs (a)");
  const cut = (await Deno.readFile(good)).slice(0, -4096);
  await Deno.writeFile(dir.join("cut"), cut);
  const trap = "CREATE TRIGGER t INSERT ON tasks BEGIN SELECT 1; END";
  for (
    const [backup, why] of [
      [dir.join("nowhere"), "No such file"],
      [dir.path, "it is no file"],
      [dir.join("text"), "not a database"],
      [dir.join("empty"), "it is empty"],
      [dir.join("foreign"), "of another program"],
      [dir.join("cut"), "malformed"],
      [await copy("newer", "PRAGMA user_version = 999"), "start the newer"],
      [await copy("trap", trap), "it has trigger t, which is not conductor's"],
      [await copy("bare", "DROP TABLE lease"), "it lacks table lease"],
      [
        await copy(
          "edited",
          "DROP TRIGGER audit_unchanging",
          `UPDATE audit SET action = 'nothing' WHERE seq = 3`,
        ),
        "from row 3 on: row 3 does not match its hash",
      ],
      [
        await copy(
          "shorter",
          "DROP TRIGGER audit_undeletable",
          "DELETE FROM audit WHERE seq > 2",
        ),
        "from row 3 on: the trail ends at row 2",
      ],
    ] as const
  ) {
    const before = await Deno.readFile(backup).catch(() => undefined);
    const error = await assertRejects(
      () => checkBackup(backup, dir.join("staged")),
      Error,
      `Cannot restore ${backup}: `,
    );
    assertEquals(error.message.includes(why), true, error.message);
    assertEquals(await Deno.readFile(backup).catch(() => undefined), before);
    await removeStaged(dir.join("staged"));
  }
});

Deno.test("checkBackup() leaves one whole file, and tells what is in it", async () => {
  await using dir = await tempDir();
  const found = await checkBackup(await backupIn(dir), dir.join("staged"));
  const { version, newestVersion, auditRows, queued, running } = found;
  assertEquals(
    [version, newestVersion, auditRows, queued, [...running]],
    [MIGRATIONS.length, MIGRATIONS.length, auditRows, 1, []],
  );
  assertEquals(auditRows >= 3, true);
  const names = await Array.fromAsync(Deno.readDir(dir.path), (it) => it.name);
  assertEquals(names.filter((it) => it.startsWith("staged")), ["staged"]);
});

Deno.test("checkBackup() takes one of an older version", async () => {
  await using dir = await tempDir();
  const old = new Database(dir.join("old"), { int64: true });
  migrate(old, MIGRATIONS.slice(0, 5));
  old.close();
  const found = await checkBackup(dir.join("old"), dir.join("staged"));
  assertEquals(
    [found.version, found.newestVersion],
    [5, MIGRATIONS.length],
  );
});
