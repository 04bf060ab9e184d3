import type { RunRow, TaskRow } from "../../../conductor/store/mod.ts";
import type { Clients } from "./clients.ts";
import type { Job } from "./machine.ts";

/** Returns what is wrong with the tasks, their runs and their logs. */
export function* historyFaults(known: Known): Generator<string> {
  const { read, clients } = known;
  const tasks = new Map(
    read<TaskRow>("SELECT * FROM tasks").map((it) => [it.task_id, it]),
  );
  const runs = Map.groupBy(
    read<RunRow>("SELECT * FROM runs ORDER BY seq"),
    (it) => it.task_id,
  );
  for (const [key, { taskId, body }] of clients.tasks) {
    const task = tasks.get(taskId);
    if (task === undefined) yield `Task ${taskId} was acknowledged and is lost`;
    else if (
      task.idempotency_key !== key ||
      task.payload !== JSON.stringify(body.payload)
    ) yield `Task ${taskId} is not the one that was acknowledged`;
  }
  for (const taskId of clients.madeByHand) {
    if (!tasks.has(taskId)) yield `Task ${taskId} was acknowledged and is lost`;
  }
  for (const taskId of clients.canceled) {
    const status = tasks.get(taskId)?.status;
    if (status !== "canceled") {
      yield `Task ${taskId} was canceled, which was acknowledged; it is ${status}`;
    }
  }
  for (const [taskId, seen] of clients.ended) {
    const status = tasks.get(taskId)?.status;
    if (status !== seen) yield `Task ${taskId} was ${seen} and is ${status}`;
  }
  for (const task of tasks.values()) {
    yield* taskFaults(task, runs.get(task.task_id) ?? []);
  }
  yield* jobFaults(known, { tasks, runs: [...runs.values()].flat() });
  yield* eventFaults(known, tasks);
}

/** What is to be judged, and what is known of it from outside. */
export interface Known {
  readonly read: <T extends object>(sql: string) => T[];
  readonly clients: Clients;
  readonly jobs: readonly Job[];
  /** Whether no process was ever kept from stopping its work in time. */
  readonly isCalm: boolean;
}

function* taskFaults(
  task: TaskRow,
  runs: readonly RunRow[],
): Generator<string> {
  const { task_id, status } = task;
  const lost = runs.filter((it) => it.status === "lost");
  const attempts = runs.map(({ attempt }) => attempt);
  if (attempts.some((it, index) => it !== index + 1)) {
    yield `Task ${task_id} has the attempts ${attempts.join()}`;
  }
  if (task.attempts !== runs.length) {
    yield `Task ${task_id} counts ${task.attempts} of ${runs.length} attempts`;
  }
  if (runs.length - lost.length > task.max_attempts) {
    yield `Task ${task_id} was tried ${runs.length} times`;
  }
  const early = lost.find((it) => it !== runs.at(-1));
  if (early !== undefined && task.retry_lost === 0) {
    yield `Task ${task_id} was run again after its run was lost`;
  }
  const last = runs.at(-1);
  for (const { run_id, ...run } of runs) {
    if (run.status === "running") yield `Run ${run_id} was left running`;
    if (run.status === "lost" && task.survive === 1) {
      yield `Run ${run_id}, which survives, was lost: ${run.outcome_message}`;
    }
  }
  if (status === "succeeded" && last?.status !== "succeeded") {
    yield `Task ${task_id} has succeeded, its last run is ${last?.status}`;
  }
  if (runs.some((it) => it.status === "succeeded") && status !== "succeeded") {
    yield `Task ${task_id} is ${status}, though a run has succeeded`;
  }
}

/** Compares what was really done with what is recorded. */
function* jobFaults(
  { read, jobs, isCalm }: Known,
  { tasks, runs }: {
    readonly tasks: ReadonlyMap<string, TaskRow>;
    readonly runs: readonly RunRow[];
  },
): Generator<string> {
  const byId = new Map(runs.map((it) => [it.run_id, it]));
  const begun = new Set<string>();
  const logs = Map.groupBy(
    read<{ run_seq: number; message: string }>(
      "SELECT run_seq, message FROM task_logs WHERE stream = 'stdout' ORDER BY task_seq, seq",
    ),
    (it) => it.run_seq,
  );
  const work = new Map<string, { readonly job: Job; readonly run: RunRow }[]>();
  for (const job of jobs) {
    const { runId } = job;
    if (begun.has(runId)) yield `Run ${runId} was begun twice`;
    begun.add(runId);
    const run = byId.get(runId);
    const task = tasks.get(run?.task_id ?? "");
    if (run === undefined || task === undefined) {
      yield `Run ${runId} was begun and is not recorded`;
      continue;
    }
    for (const other of work.get(task.task_id) ?? []) {
      const isTogether = job.beganAt < other.job.endsAt &&
        other.job.beganAt < job.endsAt;
      if (isTogether && (isCalm || other.run.term === run.term)) {
        yield `Task ${task.task_id} ran twice at once: ${runId}, ${other.run.run_id}`;
      }
    }
    work.set(task.task_id, [...work.get(task.task_id) ?? [], { job, run }]);
    const told = (logs.get(run.seq) ?? []).map((it) => `${it.message}\n`).join(
      "",
    );
    const printed = new TextDecoder().decode(job.printed(job.endsAt));
    const whole = printed === "" || printed.endsWith("\n")
      ? printed
      : `${printed}\n`;
    const isSurvivor = job.owner === undefined;
    const isAll = isSurvivor || run.status === "succeeded";
    if (isAll ? told !== whole : !whole.startsWith(told.replace(/\n$/, ""))) {
      yield `The log of run ${runId} (${run.status}) has ${
        JSON.stringify(told)
      } of ${JSON.stringify(whole)}`;
    }
    if (!isSurvivor || job.wasKilled) continue;
    const isGood = run.status === (job.code === 0 ? "succeeded" : "failed") ||
      (job.code !== 0 && task.cancel_requested_at !== null);
    if (!isGood) {
      yield `Run ${runId} has ended with ${job.code} and is ${run.status}`;
    }
  }
}

/** What was told as it happened agrees with what stands. */
function* eventFaults(
  { read }: Known,
  tasks: ReadonlyMap<string, TaskRow>,
): Generator<string> {
  const rows = read<{ seq: number; type: string; data: string }>(
    "SELECT seq, type, data FROM events ORDER BY seq",
  );
  const status = new Map<string, string>();
  const runs = new Map<string, string>();
  const leaders = new Map<number, string>();
  let newest = 0;
  for (const [index, { seq, type, data }] of rows.entries()) {
    if (seq !== index + 1) yield `Event ${index + 1} is missing`;
    const it = JSON.parse(data);
    if (type === "task.created") status.set(it.task_id, "queued");
    if (type === "task.status_changed") {
      const before = status.get(it.task_id);
      if (before !== it.previous || HAS_ENDED.includes(before ?? "")) {
        yield `Task ${it.task_id} went from ${before} to ${it.status}`;
      }
      status.set(it.task_id, it.status);
    }
    if (type === "run.started" || type === "run.finished") {
      const before = runs.get(it.run_id);
      const isGood = type === "run.started"
        ? before === undefined
        : before === "run.started";
      if (!isGood) yield `Run ${it.run_id}: ${type} after ${before}`;
      runs.set(it.run_id, type);
    }
    if (type === "lease.acquired") {
      const before = leaders.get(it.term) ?? it.instance_id;
      if (before !== it.instance_id || it.term < newest) {
        yield `${it.instance_id} leads in term ${it.term} after ${before} in ${newest}`;
      }
      leaders.set(it.term, it.instance_id);
      newest = it.term;
    }
  }
  for (const { task_id, status: now } of tasks.values()) {
    const told = status.get(task_id);
    if (told !== now) {
      yield `Task ${task_id} is ${now}, and was told as ${told}`;
    }
  }
}

const HAS_ENDED = ["succeeded", "failed", "canceled"];
