import { Database } from "@db/sqlite";
import { join } from "@std/path";
import { openDatabase } from "../../conductor/store/database.ts";

/** The task whose log has as many lines as there are tasks. */
export const LOGGED_TASK = "task_1";

const NUMBERS =
  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)";

/**
 * Makes the database of a state folder with `count` tasks, runs, log lines,
 * events and audit rows. Tasks are of two kinds and three statuses, each with a
 * common and a rare label.
 */
export function fillDatabase(stateDir: string, count: number): void {
  const folder = join(stateDir, "conductor");
  Deno.mkdirSync(folder, { recursive: true });
  const path = join(folder, "conductor.db");
  openDatabase(path).close();
  const database = new Database(path, { int64: true, parseJson: false });
  const now = Date.now();
  database.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN");
  // Nothing shall start, and retention shall find nothing to do.
  database.exec("UPDATE automation SET mode = 'paused'");
  database.exec(
    `${NUMBERS}
     INSERT INTO tasks (task_id, title, kind, status, priority, max_attempts,
       retry_lost, labels, created_at, updated_at, finished_at, payload)
     SELECT 'task_' || i, 'A task with a title', iif(i % 10, 'exec', 'codex'),
       CASE i % 100 WHEN 0 THEN 'queued' WHEN 1 THEN 'failed'
         ELSE 'succeeded' END,
       0, 1, 0, iif(i % 1000, '["all"]', '["all","rare"]'), ?2, ?2,
       iif(i % 100, ?2, NULL), '{"command":"true"}'
     FROM n`,
    count,
    now,
  );
  database.exec(
    `${NUMBERS}
     INSERT INTO runs (run_id, task_seq, task_id, attempt, controller_id,
       instance_id, term, status, started_at, finished_at)
     SELECT 'run_' || i, i, 'task_' || i, 1, 'mini-main', 'bench', 1,
       iif(i % 100, 'succeeded', 'failed'), ?2, ?2
     FROM n`,
    count,
    now,
  );
  database.exec(
    `${NUMBERS}
     INSERT INTO task_logs
     SELECT 1, i, 1, 'stdout', 'info', 'a line of a log', ?2 FROM n`,
    count,
    now,
  );
  database.exec(
    "UPDATE tasks SET log_seq = ?1, log_lines = ?1 WHERE seq = 1",
    count,
  );
  database.exec(
    "UPDATE counters SET value = ? WHERE name = 'task_logs'",
    count,
  );
  database.exec(
    `${NUMBERS}
     INSERT INTO events (type, at, data)
     SELECT 'lease.released', ?2, '{}' FROM n`,
    count,
    now,
  );
  database.exec(
    `${NUMBERS}
     INSERT INTO audit (seq, entry_id, phase, at, action, controller_id,
       instance_id, source, request_id, hash)
     SELECT i, 'audit_' || i, 'intent', ?2, iif(i % 10, 'exec', 'tasks.create'),
       'mini-main', 'bench', 'http', 'req_' || i, 'none'
     FROM n`,
    count,
    now,
  );
  database.exec("UPDATE audit_head SET seq = ?", count);
  database.exec("COMMIT");
  database.close();
}
