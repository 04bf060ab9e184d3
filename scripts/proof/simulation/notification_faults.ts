import { isoTime } from "../../../shared/clock.ts";
import type { NotificationRow } from "../../../conductor/store/mod.ts";
import type { Known } from "./history_faults.ts";
import type { ReceivedNotification } from "./receiver.ts";

/** Returns what the owner was to be told and was not, or not in its order. */
export function* notificationFaults(
  { read }: Known,
  received: readonly ReceivedNotification[],
): Generator<string> {
  const rows = read<NotificationRow>("SELECT * FROM notifications");
  const told = Map.groupBy(
    [
      ...new Map(received.map((it) => [it.id, it])).values(),
      ...rows.map((it) => ({
        ...it,
        id: it.notification_id,
        at: isoTime(it.at),
      })),
    ],
    nameOf,
  );
  const events = read<{ at: number; type: string; data: string }>(
    "SELECT at, type, data FROM events ORDER BY seq",
  );
  for (const { at, type, data } of events) {
    const news = newsOf(type, JSON.parse(data));
    if (news === undefined) continue;
    const name = nameOf({ ...news, at: isoTime(at) });
    // Each tells of one: another of the same name is another's.
    if (told.get(name)?.pop() === undefined) yield `Nobody was told: ${name}`;
  }
  const newest = new Map<string, number>();
  const known = new Set<string>();
  for (const { id, subject } of received) {
    if (known.has(id)) continue;
    known.add(id);
    const place = Number(id.split("_")[1]);
    const before = newest.get(subject) ?? 0;
    if (place < before) yield `${id} of ${subject} came after ${before}`;
    newest.set(subject, place);
  }
}

function newsOf(
  type: string,
  data: Readonly<Record<string, string>>,
): Pick<ReceivedNotification, "event" | "subject"> | undefined {
  switch (type) {
    case "task.status_changed":
      if (data.status !== "failed") return undefined;
      return { event: "task.failed", subject: data.task_id ?? "" };
    case "schedule.missed":
      return { event: type, subject: data.schedule ?? "" };
    case "daemon.crashed":
      return { event: type, subject: data.daemon ?? "" };
  }
}

function nameOf(
  { event, subject, at }: Pick<
    ReceivedNotification,
    "event" | "subject" | "at"
  >,
): string {
  return `${event} of ${subject} at ${at}`;
}
