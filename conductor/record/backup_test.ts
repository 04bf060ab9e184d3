import { assert, assertEquals, assertRejects } from "@std/assert";
import { Database as Connection } from "@db/sqlite";
import { tempDir } from "../../shared/testing/fakes.ts";
import {
  AS_OWNER,
  automationAt,
  newTask,
} from "../testing/automation_fixture.ts";
import { verifyAudit } from "./audit_verify.ts";
import { backupDatabase } from "./backup.ts";
import { openDatabase } from "../store/database.ts";

Deno.test("backupDatabase() copies one moment of a database that is written meanwhile", async () => {
  await using dir = await tempDir();
  const path = dir.join("a.db");
  using it = automationAt({ path });
  it.start();
  it.system.setMode("paused", {});
  for (let index = 0; index < 600; index++) {
    await it.tasks.create(newTask({ labels: ["x", `n${index}`] }), AS_OWNER);
    (await it.store.audit.begin({
      action: "x",
      actor: { name: "owner", source: "http" },
      target: {},
    }))
      .finish({ ok: true });
  }
  let pauses = 0;
  const to = dir.join("copy.db");
  await backupDatabase({
    from: path,
    to,
    async pause() {
      pauses++;
      await it.tasks.create(newTask(), AS_OWNER);
    },
  });
  assert(pauses > 5);
  assertEquals((await Deno.stat(to)).mode, 0o100600);
  const names = Array.from(Deno.readDirSync(dir.path)).map((it) => it.name);
  assertEquals(names.filter((name) => name.startsWith("copy")), ["copy.db"]);

  const raw = new Connection(to, { int64: true });
  assertEquals(raw.prepare("PRAGMA integrity_check").value(), ["ok"]);
  assert(verifyAudit(raw).ok);
  const schema =
    "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name";
  const original = new Connection(path);
  assertEquals(raw.prepare(schema).all(), original.prepare(schema).all());
  original.close();
  raw.close();

  const copy = openDatabase(to);
  assertEquals(copy.get("SELECT count(*) AS n FROM tasks"), { n: 600 });
  assertEquals(copy.get("SELECT count(*) AS n FROM task_labels"), { n: 1200 });
  assertEquals(
    copy.get("SELECT value FROM counters WHERE name = 'tasks.queued'"),
    {
      value: 600,
    },
  );
  copy.close();
});

Deno.test("backupDatabase() never overwrites, and leaves nothing behind when it fails", async () => {
  await using dir = await tempDir();
  const path = dir.join("a.db");
  openDatabase(path).close();
  await assertRejects(() =>
    backupDatabase({
      from: path,
      to: dir.join("copy.db"),
      pause: () => Promise.reject(new Error("stop")),
    })
  );
  const names = () =>
    Array.from(Deno.readDirSync(dir.path)).map((it) => it.name)
      .filter((name) => name.startsWith("copy"));
  assertEquals(names(), []);
  await Deno.writeTextFile(dir.join("copy.db"), "precious");
  await assertRejects(
    () =>
      backupDatabase({
        from: path,
        to: dir.join("copy.db"),
        pause: () => Promise.resolve(),
      }),
    Error,
    "it exists",
  );
  assertEquals(await Deno.readTextFile(dir.join("copy.db")), "precious");
  assertEquals(names(), ["copy.db"]);
});
