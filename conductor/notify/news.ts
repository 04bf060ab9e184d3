import type { NOTIFY_EVENTS } from "../../shared/config/mod.ts";
import { cutText } from "../../shared/redact.ts";
import type { AppendedEvent, Stores } from "../store/mod.ts";

/** Returns what an owner may want to hear of an event; of most, nothing. */
export function newsOf(
  { type, data }: AppendedEvent,
  { tasks, asked }: Known,
): News | undefined {
  switch (type) {
    case "codex.approval_requested":
      return {
        event: "approval.requested",
        subject: data.approval_id,
        details: () =>
          details(
            `Codex asks: ${data.kind}`,
            ...wanted(asked(data.approval_id)),
            `Waits for an answer until ${data.expires_at}`,
          ),
      };
    case "task.status_changed":
      // One that has attempts left is queued again.
      return data.status !== "failed" ? undefined : {
        event: "task.failed",
        subject: data.task_id,
        details: () => {
          const row = tasks.get(data.task_id);
          return details(
            `Failed: ${row?.title ?? data.task_id}`,
            ...wanted(row && tasks.show(row).payload),
            data.error?.message ?? "Nobody knows why",
          );
        },
      };
    case "schedule.missed":
      return {
        event: "schedule.missed",
        subject: data.schedule,
        details: () =>
          details(
            `Missed: ${data.schedule}`,
            `${data.count} due times from ${data.from} to ${data.to} ` +
              `(${data.reason})`,
          ),
      };
    case "daemon.crashed":
      return {
        event: "daemon.crashed",
        subject: data.daemon,
        details: () =>
          details(`${data.daemon} crashed`, "It ended without a clean stop"),
      };
  }
}

const MAX_TITLE_CHARS = 200;
/** A phone shows no more, and ntfy makes a file of what is much longer. */
const MAX_MESSAGE_CHARS = 1000;

/** Of each fact that was wanted: what follows is to be seen, too. */
const MAX_FACT_CHARS = 300;
/** What a command, a turn or a question of Codex is about. */
const FACTS = ["command", "args", "prompt", "message", "reason"];

function details(title: string, ...said: readonly string[]): Details {
  return {
    title: cutText(title, MAX_TITLE_CHARS),
    message: cutText(said.join("; "), MAX_MESSAGE_CHARS),
  };
}

/** What was to be done, of a payload or a request without its secrets. */
function wanted(facts: Readonly<Record<string, unknown>> = {}): string[] {
  return FACTS.filter((it) => facts[it] !== undefined && facts[it] !== null)
    .map((name) => {
      const fact = facts[name];
      const text = typeof fact === "string" ? fact : JSON.stringify(fact);
      return `${name}: ${cutText(text, MAX_FACT_CHARS)}`;
    });
}

/** Where news learn more than an event says. */
export interface Known extends Pick<Stores, "tasks"> {
  /** What Codex asks by an approval that waits, without its secrets. */
  asked(
    approvalId: string,
  ): Readonly<Record<string, unknown>> | undefined;
}

/** What a notification tells of. */
export type NotifyEvent = typeof NOTIFY_EVENTS[number] | "notify.test";

interface News {
  readonly event: typeof NOTIFY_EVENTS[number];
  /** What it is about: those of one subject arrive in order. */
  readonly subject: string;
  /** What is said only when it was asked for. */
  details(): Details;
}

/** Texts that others made: a title, what a program said. */
export interface Details {
  readonly title: string;
  readonly message: string;
}

/** How each of them looks on a phone, and the status page that tells more. */
export const LOOKS: Readonly<Record<NotifyEvent, Look>> = {
  "approval.requested": {
    title: "Codex waits for an answer",
    priority: "high",
    tag: "raised_hand",
    page: () => "/codex",
  },
  "task.failed": {
    title: "A task has failed",
    priority: "default",
    tag: "x",
    page: (taskId) => `/tasks/${encodeURIComponent(taskId)}`,
  },
  "schedule.missed": {
    title: "A schedule missed its time",
    priority: "default",
    tag: "calendar",
    page: () => "/schedules",
  },
  "daemon.crashed": {
    title: "A daemon ended without a clean stop",
    priority: "high",
    tag: "rotating_light",
    page: () => "/node",
  },
  "notify.test": {
    title: "Notifications arrive",
    priority: "default",
    tag: "white_check_mark",
    page: () => "",
  },
};

interface Look {
  readonly title: string;
  readonly priority: "default" | "high";
  /** An emoji, as ntfy calls it. */
  readonly tag: string;
  page(subject: string): string;
}
