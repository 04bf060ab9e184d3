import type { Redactor } from "../../shared/redact.ts";
import { isoTime } from "../../shared/clock.ts";
import type { PageRequest } from "../../shared/page.ts";
import type { Fence, Identity } from "./model/controller.ts";
import type { Run, RunFilter, RunOutcome, RunStatus } from "./model/run.ts";
import type { ActiveRun } from "./model/system_state.ts";
import type { Database } from "./database.ts";
import { type List, type Page, readPage } from "./list.ts";
import { isoOrNull } from "./task_row.ts";

const LIST: List<RunRow, Run> = {
  name: "runs",
  columns: "*",
  table: "runs r",
  indexes: {
    "task_id": "INDEXED BY runs_by_task",
    "status": "INDEXED BY runs_by_status",
    // A task has few runs, so its index serves with a status, too.
    "task_id,status": "INDEXED BY runs_by_task",
  },
  toItem: toRun,
};

/** The attempts at tasks. */
export class RunStore {
  readonly #db: Database;
  readonly #redactor: Redactor;

  constructor(db: Database, redactor: Redactor) {
    this.#db = db;
    this.#redactor = redactor;
  }

  /** Stores a run as running. Returns its sequence number. */
  insert({ runId, task, identity, fence, at }: RunInsert): number {
    const { seq } = this.#db.insert("runs", {
      run_id: runId,
      task_seq: task.seq,
      task_id: task.task_id,
      attempt: task.attempts + 1,
      controller_id: identity.controller_id,
      instance_id: identity.instance_id,
      term: fence.term,
      status: "running",
      started_at: at,
    });
    return seq;
  }

  /** Ends a running run; false when it has ended already. */
  finish(seq: number, end: RunEnd): boolean {
    const { code, message, result } = end.outcome;
    return this.#db.run(
      `UPDATE runs SET status = ?2, finished_at = ?3, outcome_code = ?4,
         outcome_message = ?5, outcome_result = ?6
       WHERE seq = ?1 AND status = 'running'`,
      seq,
      end.status,
      end.now,
      code,
      message && this.#redactor.text(message),
      result === null ? null : JSON.stringify(result),
    ) === 1;
  }

  /** Hands a running run to another term of a leader. */
  adopt(
    seq: number,
    { identity, fence }: Pick<RunInsert, "identity" | "fence">,
  ): void {
    this.#db.run(
      `UPDATE runs SET controller_id = ?2, instance_id = ?3, term = ?4
       WHERE seq = ?1 AND status = 'running'`,
      seq,
      identity.controller_id,
      identity.instance_id,
      fence.term,
    );
  }

  /** Notes how far an output stands in the log. */
  noteLogged(
    seq: number,
    { stream, place }: {
      readonly stream: "stdout" | "stderr";
      readonly place: number;
    },
  ): void {
    this.#db.run(
      `UPDATE runs SET ${stream}_logged = ?2 WHERE seq = ?1`,
      seq,
      place,
    );
  }

  get(runId: string): Run | undefined {
    const row = this.row(runId);
    return row && toRun(row);
  }

  row(runId: string): RunRow | undefined {
    return this.#db.get<RunRow>("SELECT * FROM runs WHERE run_id = ?", runId);
  }

  latestOf(taskId: string): Run | undefined {
    const row = this.#db.get<RunRow>(
      `SELECT * FROM runs INDEXED BY runs_by_task WHERE task_id = ?
       ORDER BY seq DESC LIMIT 1`,
      taskId,
    );
    return row && toRun(row);
  }

  /** Newest first. */
  list({ task_id, status }: RunFilter, page: PageRequest): Page<Run> {
    return readPage(this.#db, LIST, { ...page, filter: { task_id, status } });
  }

  /** Every run that has not ended, oldest first: few, as few run at once. */
  running(): RunRow[] {
    return this.#db.all<RunRow>(
      `SELECT * FROM runs INDEXED BY runs_by_status
       WHERE status = 'running' ORDER BY seq`,
    );
  }

  /** The same as the system state shows them. */
  active(): ActiveRun[] {
    return this.#db.all<Omit<ActiveRun, "started_at"> & { started_at: number }>(
      `SELECT r.run_id, r.task_id, t.kind, t.title, r.attempt, r.started_at
       FROM runs r INDEXED BY runs_by_status
       CROSS JOIN tasks t ON t.seq = r.task_seq
       WHERE r.status = 'running' ORDER BY r.seq`,
    ).map((row) => ({ ...row, started_at: isoTime(row.started_at) }));
  }
}

export type RunRow = Omit<Run, "started_at" | "finished_at" | "outcome"> & {
  readonly seq: number;
  readonly task_seq: number;
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly outcome_code: string | null;
  readonly outcome_message: string | null;
  readonly outcome_result: string | null;
  /** How far each output stands in the log, in bytes. */
  readonly stdout_logged: number;
  readonly stderr_logged: number;
};

export interface RunEnd {
  readonly status: RunStatus;
  readonly outcome: RunOutcome;
  readonly now: number;
}

/** A run that is about to start. */
interface RunInsert {
  readonly runId: string;
  readonly task: {
    readonly seq: number;
    readonly task_id: string;
    readonly attempts: number;
  };
  readonly identity: Identity;
  readonly fence: Fence;
  readonly at: number;
}

function toRun(row: RunRow): Run {
  const {
    seq: _seq,
    task_seq: _taskSeq,
    outcome_code: code,
    outcome_message: message,
    outcome_result,
    stdout_logged: _stdout,
    stderr_logged: _stderr,
    ...run
  } = row;
  const ok = run.status === "succeeded";
  const result = outcome_result === null ? null : JSON.parse(outcome_result);
  return {
    ...run,
    started_at: isoTime(row.started_at),
    finished_at: isoOrNull(row.finished_at),
    outcome: row.finished_at === null ? null : { ok, code, message, result },
  };
}
