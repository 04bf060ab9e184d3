import { Redactor } from "../../shared/redact.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../../shared/errors.ts";
import { type PageRequest, writeCursor } from "../../shared/page.ts";
import { TaskStatus } from "./model/task.ts";
import { AS_OWNER, leading, newTask } from "../testing/automation_fixture.ts";
import { type BindValue, Database as Connection } from "@db/sqlite";
import { migrate } from "./migrate.ts";
import { Database, type Row } from "./database.ts";
import { AuditStore } from "./audit_store.ts";
import { ControllerStore } from "./controller_store.ts";
import { EventStore } from "./event_store.ts";
import { LogStore } from "./log_store.ts";
import { RunStore } from "./run_store.ts";
import { ScheduleStore } from "./schedule_store.ts";
import { TaskStore } from "./task_store.ts";

/** Keeps every statement that reads, and what it was bound to. */
class SpyDatabase extends Database {
  readonly reads: (readonly [sql: string, params: readonly BindValue[]])[] = [];

  override all<T extends Row>(sql: string, ...params: BindValue[]): T[] {
    this.reads.push([sql, params]);
    return super.all<T>(sql, ...params);
  }

  override get<T extends Row>(sql: string, ...params: BindValue[]) {
    this.reads.push([sql, params]);
    return super.get<T>(sql, ...params);
  }
}

function spy(): SpyDatabase {
  const connection = new Connection(":memory:", {
    int64: true,
    parseJson: false,
  });
  migrate(connection);
  return new SpyDatabase(":memory:", connection);
}

Deno.test("Every list and every look of the scheduler goes by an index, and sorts nothing", () => {
  const db = spy();
  const page: PageRequest = { limit: 20 };
  const tasks = new TaskStore(db, new Redactor());
  for (const status of [undefined, "queued"] as const) {
    for (const kind of [undefined, "exec"]) {
      for (const label of [undefined, "x"]) {
        tasks.list({ status, kind, label }, page);
      }
    }
  }
  const runs = new RunStore(db, new Redactor());
  for (const task_id of [undefined, "task_1"]) {
    for (const status of [undefined, "running"] as const) {
      runs.list({ task_id, status }, page);
    }
  }
  const audit = new AuditStore(db);
  for (const actions of [undefined, ["exec"], ["exec", "files/read"]]) {
    for (const request_id of [undefined, "req_1"]) {
      for (const actor of [undefined, "owner"]) {
        for (const task_id of [undefined, "task_1"]) {
          for (const source of [undefined, "http"] as const) {
            const filter = { actions, request_id, actor, task_id, source };
            audit.list({ ...filter, since: 5 }, page);
            audit.poll(filter, { after: 0, limit: 20 });
          }
        }
      }
    }
  }
  for (const runSeq of [undefined, 1]) {
    for (const from of [{ after: 1 }, { tail: 5 }]) {
      new LogStore(db).read({ seq: 1, log_seq: 9 }, {
        ...from,
        runSeq,
        limit: 5,
      });
    }
  }
  new EventStore(db, new Redactor()).after(1, 20);
  new EventStore(db, new Redactor()).bounds();
  new ControllerStore(db).list(page, { now: 0, leaseMs: 0 });
  tasks.oldestFinished();
  tasks.oldestFinishedWithLogs();
  tasks.nextReady();
  tasks.nextWake();
  tasks.findByKey("key");
  tasks.get("task_1");
  tasks.unfinishedOf("nightly");
  const schedules = new ScheduleStore(db, new Redactor());
  schedules.list(page);
  schedules.get("nightly");
  schedules.upcoming(9);
  schedules.nextDue();
  schedules.due(0, 9);
  schedules.missing();
  runs.running();
  runs.active();
  runs.latestOf("task_1");
  const step =
    /^SEARCH |^SCAN \w+ USING (COVERING )?INDEX |^SCAN CONSTANT ROW$/;
  const wrap = /^(SCALAR|CORRELATED SCALAR) SUBQUERY \d+$/;
  const small = /^SCAN (l|sqlite_sequence|audit_head|audit_checkpoint)$/;
  for (const [sql, params] of [...db.reads]) {
    for (
      const { detail } of db.all<{ detail: string }>(
        `EXPLAIN QUERY PLAN ${sql}`,
        ...params,
      )
    ) {
      assert(
        [step, wrap, small].some((it) => it.test(detail)),
        `${detail}: ${sql}`,
      );
    }
  }
  db.close();
});

Deno.test("TaskStore.list() pages through every filter, stable while tasks are added", async () => {
  using it = await leading({ width: 1 });
  it.system.setMode("paused", {});
  const ids: string[] = [];
  const add = async (index: number) => {
    const labels = ["all", index % 2 === 0 ? "even" : "odd"];
    ids.push(
      (await it.tasks.create(newTask({ labels }), AS_OWNER)).task.task_id,
    );
  };
  for (let index = 0; index < 25; index++) await add(index);
  await it.tasks.cancel(ids[4] ?? "", new AbortController().signal);
  const walk = async (filter: Parameters<typeof it.tasks.list>[0]) => {
    const found: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = it.tasks.list(filter, {
        limit: 4,
        cursor: cursor ?? undefined,
      });
      found.push(...page.items.map((task) => task.task_id));
      cursor = page.next_cursor;
      await add(25);
      ids.pop();
    } while (cursor !== null);
    return found;
  };
  const expected = (test: (index: number) => boolean) =>
    ids.filter((_, index) => test(index)).toReversed();
  assertEquals(await walk({}), expected(() => true));
  assertEquals(
    (await walk({ label: "even" })).filter((id) => ids.includes(id)),
    expected((i) => i % 2 === 0),
  );
  assertEquals(await walk({ status: "canceled" }), expected((i) => i === 4));
  assertEquals(
    await walk({ status: "canceled", label: "even" }),
    expected((i) => i === 4),
  );
  assertEquals(await walk({ status: "canceled", label: "odd" }), []);
  assertEquals(
    await walk({ kind: "fake", label: "even", status: "canceled" }),
    expected((i) => i === 4),
  );
  assertEquals(await walk({ kind: "other" }), []);
});

Deno.test("A page ends with a cursor only when there is more", async () => {
  using it = await leading();
  it.system.setMode("paused", {});
  for (let index = 0; index < 4; index++) {
    await it.tasks.create(newTask(), AS_OWNER);
  }
  assertEquals(it.tasks.list({}, { limit: 4 }).next_cursor, null);
  const page = it.tasks.list({}, { limit: 3 });
  assertEquals(page.items.length, 3);
  const cursor = page.next_cursor ?? "";
  const rest = it.tasks.list({}, { limit: 3, cursor });
  assertEquals(rest.items.length, 1);
  assertEquals(rest.next_cursor, null);
});

Deno.test("A cursor that was not given is refused", async () => {
  using it = await leading();
  it.system.setMode("paused", {});
  for (let index = 0; index < 2; index++) {
    await it.tasks.create(newTask(), AS_OWNER);
  }
  const good = it.tasks.list({}, { limit: 1 }).next_cursor ?? "";
  for (
    const cursor of [
      "",
      "x",
      "1",
      "****",
      `${good}=`,
      writeCursor("tasks", -1),
      writeCursor("tasks", 1.5),
      writeCursor("tasks", 1e20),
      writeCursor("runs", 1),
      "'; DROP TABLE tasks",
      "x".repeat(10_000),
    ]
  ) {
    const error = assertThrows(
      () => it.tasks.list({}, { limit: 1, cursor }),
      AppError,
    );
    assertEquals(error.code, "INVALID_INPUT", cursor);
  }
  assertEquals(it.tasks.list({}, { limit: 1, cursor: good }).items.length, 1);
});

Deno.test("CounterStore knows how many tasks there are in each status", async () => {
  using it = await leading();
  it.system.setMode("paused", {});
  const ids = await Promise.all(
    [1, 2, 3].map(async () =>
      (await it.tasks.create(newTask(), AS_OWNER)).task.task_id
    ),
  );
  await it.tasks.cancel(ids[0] ?? "", new AbortController().signal);
  const { db, stores } = it.store;
  for (const status of TaskStatus.options) {
    const counted = db.get<{ n: number }>(
      "SELECT count(*) AS n FROM tasks WHERE status = ?",
      status,
    );
    assertEquals(stores.counters.tasks(status), counted?.n);
  }
  assertEquals(stores.counters.finishedTasks(), 1);
});
