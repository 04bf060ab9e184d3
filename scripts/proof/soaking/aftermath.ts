import { join } from "@std/path";
import { verifyAudit } from "../../../conductor/record/mod.ts";
import { messageOf } from "../../../shared/errors.ts";
import { waitUntilGone } from "../../../shared/testing/processes.ts";
import { until } from "../../../shared/testing/until.ts";
import { readDatabase } from "../../database.ts";
import type { Auditor } from "./auditor.ts";
import { minutesBetween, REGULAR } from "./schedule_clients.ts";
import { type Desk, expect } from "./soak_client.ts";
import { KEPT_OUTPUT_BYTES, KEPT_ROWS, type Stage } from "./stage.ts";

/** A promise that is looked at when the load is over. */
export interface Kept {
  readonly promise: string;
  /** What was counted, or what is wrong. */
  readonly found: string;
  readonly isKept: boolean;
}

/** Looks whether everything was recorded and has ended, then ends the daemons. */
export async function aftermath(
  desk: Desk,
  auditor: Auditor,
): Promise<readonly Kept[]> {
  const { stage } = desk;
  const kept: Kept[] = [];
  const look = async (
    promise: string,
    check: () => Promise<string> | string,
  ): Promise<void> => {
    try {
      kept.push({ promise, found: await check(), isKept: true });
    } catch (error) {
      kept.push({ promise, found: messageOf(error), isKept: false });
    }
  };
  await look("what was begun has ended", () => hasEnded(desk));
  await look(
    "each acknowledged task ended as its command did",
    () => tasksEnded(desk),
  );
  await look(
    "each acknowledged call is in the audit trail",
    () => isRecorded(desk, auditor),
  );
  await look("each failed task was told at least once", () => wasTold(desk));
  await look("each due time was a task", () => dueTimes(desk));
  await look("wrong tokens were locked out", () => lockedOut(desk));
  await look("no command is left", async () => {
    expect(await waitUntilGone(`: ${stage.folder}; sleep`), []);
    return "0 processes";
  });
  await look("both are well", () => areWell(desk));
  if (stage.time) await look("a daily backup was made", () => backedUp(stage));
  await look("both stop by SIGTERM with 0", async () => {
    expect(await stage.stop(), [0, 0]);
    return "exit codes 0, 0";
  });
  await look("no process is left", async () => {
    expect(await waitUntilGone(stage.folder), []);
    return "0 processes";
  });
  await look("the database is whole and its audit chain verifies", () => {
    return readDatabase(databaseOf(stage), (database) => {
      const check = database.prepare("PRAGMA integrity_check").value();
      expect(check, ["ok"]);
      const { ok, rows, head_seq, open_intents } = verifyAudit(database);
      expect([ok, open_intents], [true, 0]);
      return `${rows} rows, to ${head_seq}`;
    });
  });
  await look(
    "the retention by rows and by bytes of output holds",
    () => isBounded(stage),
  );
  await look("no error was logged", () => noErrors(stage));
  return kept;
}

function databaseOf({ folder }: Stage): string {
  return join(folder, "state", "conductor", "conductor.db");
}

async function hasEnded(desk: Desk): Promise<string> {
  await until(
    () => desk.get("state", "/v1/system/state"),
    ({ queue }) => queue.active_runs === 0 && queue.queued_tasks === 0,
    { withinMs: 60_000, everyMs: 100 },
  );
  return "0 runs, 0 in the queue";
}

/** Retention may have taken those that ended long ago; each was read at its end. */
async function tasksEnded({ ledger, stage, headers }: Desk): Promise<string> {
  let there = 0;
  for (const [id, ends] of ledger.tasks) {
    const url = `${stage.origin}/v1/tasks/${id}`;
    const response = await fetch(url, { headers });
    const { ok, data } = await response.json();
    if (response.status === 404) continue;
    expect([ok, data.status], [true, ends]);
    there++;
  }
  return `${ledger.tasks.size} acknowledged, ${there} still kept`;
}

async function isRecorded(
  { ledger: { acknowledged } }: Desk,
  auditor: Auditor,
): Promise<string> {
  await auditor.read();
  const missing = [...acknowledged].filter((it) => !auditor.seen.has(it));
  if (missing.length > 0) {
    throw new Error(`${missing.length} are not: ${missing.slice(0, 3)}`);
  }
  return `${acknowledged.size} calls`;
}

async function wasTold({ ledger, stage }: Desk): Promise<string> {
  const failed = [...ledger.tasks].filter(([, ends]) => ends === "failed");
  const isTold = (id: string) =>
    stage.receiver.received.some(({ body }) => body.includes(id));
  const untold = () => failed.filter(([id]) => !isTold(id)).length;
  await until(untold, (it) => it === 0, { withinMs: 30_000 });
  return `${failed.length} tasks`;
}

/** Those that are still kept follow one another, from the first or the oldest to now. */
async function dueTimes(desk: Desk): Promise<string> {
  if (!desk.ledger.times.has("schedule, read")) return "no schedule was made";
  const { missed, created_at } = await desk.get(
    "schedule, read",
    `/v1/schedules/${REGULAR}`,
  );
  expect(missed.total, 0);
  const { at } = await desk.get("state", "/v1/status");
  const times: number[] = [];
  let cursor = "";
  do {
    const path = `/v1/tasks?label=${REGULAR}&limit=200${cursor}`;
    const { tasks, next_cursor } = await desk.get("lists", path);
    times.push(...tasks.map((it: { due_at: string }) => Date.parse(it.due_at)));
    cursor = next_cursor === null ? "" : `&cursor=${next_cursor}`;
  } while (cursor !== "");
  const stepMs = minutesBetween(desk) * 60_000;
  const newest = times[0] ?? Date.parse(created_at);
  times.forEach((time, index) => expect(time, newest - index * stepMs));
  const lateMs = Date.parse(at) - newest;
  // Those that are due within the last moments are about to be made.
  if (lateMs > stepMs + desk.daemonMs(5000)) {
    throw new Error(`The newest was due ${lateMs} ms ago`);
  }
  return `${times.length} tasks, each ${stepMs / 60_000} min`;
}

/** The eleventh of a minute is. */
function lockedOut({ ledger }: Desk): string {
  const [refused = 0, locked = 0] = [401, 429].map((it) =>
    ledger.counted(`a wrong token: ${it}`)
  );
  if (refused > 10 && locked === 0) throw new Error(`none of ${refused}`);
  return `${refused} refused, ${locked} while locked out`;
}

async function areWell(desk: Desk): Promise<string> {
  const { status, ready, reasons, degraded } = await desk.get(
    "state",
    "/health",
  );
  const unknown = degraded.filter((it: string) => !/extension/.test(it));
  expect([ready, reasons, unknown], [true, [], []]);
  return status;
}

async function backedUp({ folder }: Stage): Promise<string> {
  const path = join(folder, "state", "conductor", "backups");
  const names = (await Array.fromAsync(Deno.readDir(path)))
    .map(({ name }) => name);
  if (names.length === 0) throw new Error("There is none");
  return names.join(", ");
}

function isBounded(stage: Stage): string {
  const counts = readDatabase(
    databaseOf(stage),
    (database) =>
      ["events", "audit", "tasks"].map((table) =>
        Number(database.prepare(`SELECT count(*) FROM ${table}`).value()?.[0])
      ),
  );
  if (Math.max(...counts) > KEPT_ROWS * 1.2) throw new Error(String(counts));
  return `${counts[0]} events, ${counts[1]} audit rows, ${
    counts[2]
  } tasks (≤ ${KEPT_ROWS}), ${KEPT_OUTPUT_BYTES / 1_048_576} MiB of output`;
}

/** What daemons log as an error is one. */
async function noErrors({ folder }: Stage): Promise<string> {
  const counts = { warn: 0, info: 0 };
  const errors: string[] = [];
  for (const daemon of ["conductor", "codexd"]) {
    const path = join(folder, "logs", daemon);
    for await (const { name } of Deno.readDir(path)) {
      if (!name.endsWith(".jsonl")) continue;
      const text = await Deno.readTextFile(join(path, name));
      for (const line of text.trim().split("\n")) {
        const { level } = JSON.parse(line);
        if (level === "error") errors.push(line.slice(0, 500));
        if (level === "warn") counts.warn++;
        else counts.info++;
      }
    }
  }
  if (errors.length > 0) {
    throw new Error(`${errors.length}:\n${errors.slice(0, 5).join("\n")}`);
  }
  return `${counts.info} lines, ${counts.warn} warnings`;
}
