import type { ScheduleRow, TaskRow } from "../../../conductor/store/mod.ts";
import { dueTimesByHand } from "../../../conductor/testing/due_oracle.ts";
import type { Known } from "./history_faults.ts";

/**
 * Returns the due times that have neither a task nor a recorded miss or skip, or
 * more than one of them.
 */
export function* dueTimeFaults(
  { read, clients }: Known,
): Generator<string> {
  const tasks = read<TaskRow>(
    "SELECT * FROM tasks WHERE idempotency_key LIKE 'schedule %'",
  );
  const events = read<{ type: string; data: string }>(
    "SELECT type, data FROM events WHERE type IN ('schedule.missed', 'schedule.skipped') ORDER BY seq",
  ).map(({ type, data }) => ({ type, ...JSON.parse(data) as DueEvent }));
  const rows = read<ScheduleRow>("SELECT * FROM schedules");
  for (const name of clients.schedules.keys()) {
    if (!rows.some((it) => it.name === name)) {
      yield `Schedule ${name} was acknowledged and is lost`;
    }
  }
  for (const { name, cron, timezone, created_at, grace_ms } of rows) {
    const to = clients.decidedTo.get(name);
    if (to === undefined) continue;
    const own = events.filter(({ schedule }) => schedule === name);
    const made = tasks.filter((it) =>
      it.idempotency_key?.startsWith(`schedule ${name}@`)
    );
    const from = Math.floor(created_at / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
    const [due = []] = dueTimesByHand([cron], {
      timezone,
      from,
      to: Math.max(from, to),
    });
    const decided = new Map<number, string[]>(due.map((it) => [it, []]));
    const decide = (at: number, by: string) => {
      const known = decided.get(at);
      if (known === undefined) return `${nameOf(name, at)} is none, but ${by}`;
      known.push(by);
      return undefined;
    };
    for (const event of own) {
      const [first, last] = [Date.parse(event.from), Date.parse(event.to)];
      const range = due.filter((it) => it >= first && it <= last);
      if (range.length !== event.count) {
        yield `${event.type} of ${name} tells ${event.count} of ${range.length}`;
      }
      for (const at of range) {
        const fault = decide(at, event.type);
        if (fault !== undefined) yield fault;
      }
    }
    for (const { task_id, idempotency_key, created_at } of made) {
      const at = Date.parse(idempotency_key?.split("@")[1] ?? "");
      // One task may make up for what was missed, also when that was told before.
      const isMissed = decided.get(at)?.join() === "schedule.missed";
      if (isMissed && clients.makeUp.has(name)) continue;
      // Who asks for it does so between two due times.
      if (clients.runByHand.has(name) && !decided.has(at)) continue;
      const late = created_at - at;
      if (late < 0 || late > Math.max(grace_ms, 1000)) {
        yield `${nameOf(name, at)} came ${late} ms late`;
      }
      const fault = decide(at, task_id);
      if (fault !== undefined) yield fault;
    }
    for (const [at, by] of decided) {
      if (by.length !== 1) {
        yield `${nameOf(name, at)} (${cron}) was decided by ${
          by.join() || "nobody"
        }`;
      }
    }
  }
}

interface DueEvent {
  readonly schedule: string;
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly task_id: string | null;
}

const MINUTE_MS = 60_000;

function nameOf(schedule: string, at: number): string {
  return `${schedule}@${new Date(at).toISOString()}`;
}
