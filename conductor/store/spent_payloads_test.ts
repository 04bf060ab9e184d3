import { assertEquals } from "@std/assert";
import { Database as Connection } from "@db/sqlite";
import { tempDir } from "../../shared/testing/fakes.ts";
import { openDatabase } from "./database.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./migrations.ts";

const PLANTED = "planted value of an old task";
const BEFORE = MIGRATIONS.findIndex(({ sql }) => sql.includes("tasks_spent"));

function insert(connection: Connection, id: string, payload: string): void {
  connection.prepare(
    `INSERT INTO tasks (task_id, title, kind, status, priority, max_attempts,
       retry_lost, labels, created_at, updated_at, finished_at, payload)
     VALUES (?, '', 'exec', 'failed', 0, 1, 0, '[]', 1, 1, ?, ?)`,
  ).run(id, id === "waits" ? null : 2, payload);
}

Deno.test("A database of an earlier version loses the values of ended tasks, from its pages too", async () => {
  await using dir = await tempDir();
  const path = dir.join("a.db");
  const large = `${PLANTED}\n`.repeat(1000);
  const ended = JSON.stringify({
    command: "cat",
    env: { NAME: PLANTED, 'a"b\u0001é': PLANTED },
    stdin: large,
  });
  const old = new Connection(path);
  migrate(old, MIGRATIONS.slice(0, BEFORE));
  insert(old, "ended", ended);
  insert(old, "odd", `{"env":[1,"${PLANTED}"],"stdin":null}`);
  insert(old, "none", '{"command":"echo  \\"env\\" \\"stdin\\""}');
  insert(old, "broken", '{"env":');
  insert(old, "waits", '{"env":{"A":"b"},"stdin":"c"}');
  old.close();

  const db = openDatabase(path);
  const payloads = db.all<{ payload: string }>(
    "SELECT payload FROM tasks ORDER BY seq",
  ).map(({ payload }) => payload);
  assertEquals(JSON.parse(payloads[0] ?? ""), {
    command: "cat",
    env: { NAME: "***", 'a"b\u0001é': "***" },
    stdin: "***",
  });
  assertEquals(payloads.slice(1), [
    '{"env":"***","stdin":null}',
    '{"command":"echo  \\"env\\" \\"stdin\\""}',
    '{"env":',
    '{"env":{"A":"b"},"stdin":"c"}',
  ]);
  db.close();
  const file = new TextDecoder().decode(await Deno.readFile(path));
  assertEquals(file.includes(PLANTED), false);
});
