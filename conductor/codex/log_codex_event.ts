import type { CodexEvent } from "../../shared/contracts/mod.ts";
import type { RunContext } from "../automation/mod.ts";

/**
 * Writes what an event tells into a task's log: messages and the output of
 * commands as output, everything else that matters as a note.
 */
export function logCodexEvent(
  { type, data }: CodexEvent,
  context: TaskLog,
): void {
  switch (type) {
    case "item.started":
      return noteStart(asItem(data.item), context);
    case "item.completed":
      return logItem(asItem(data.item), context);
    case "approval.requested":
      return noteQuestion(data, context);
    case "approval.resolved":
      return context.note(
        "info",
        `Answered: ${text(data.decision ?? "no more")} by ${
          text(data.decided_by ?? data.by)
        }`,
      );
    case "turn.error":
    case "warning":
      return context.note("warn", text(data.message));
    case "turn.completed":
      return context.note("info", `The turn is ${text(data.status)}`);
  }
}

function noteQuestion(data: Item, { note }: TaskLog): void {
  const { approval_id, kind, command, expires_at } = data;
  note("info", `Codex asks: ${text(kind)} ${text(command)}`.trim());
  if (typeof expires_at !== "string") return;
  const call = `POST /v1/codex/approvals/${text(approval_id)}`;
  note("warn", `Waits until ${expires_at} for an answer: ${call}`);
}

type TaskLog = Pick<RunContext, "log" | "note">;
type Item = Readonly<Record<string, unknown>>;

function noteStart(item: Item, { note }: TaskLog): void {
  if (item.type === "commandExecution") note("info", `$ ${text(item.command)}`);
}

function logItem(item: Item, context: TaskLog): void {
  switch (item.type) {
    case "agentMessage":
      return context.log("stdout", `${text(item.text)}\n`);
    case "commandExecution": {
      const output = text(item.aggregated_output);
      if (output !== "") context.log("stdout", output);
      const { exit_code: code, status } = item;
      return context.note(
        "info",
        typeof code === "number" ? `exit ${code}` : text(status),
      );
    }
    case "fileChange": {
      const changes = Array.isArray(item.changes) ? item.changes : [];
      for (const change of changes) {
        context.note("info", `changed ${text(asItem(change).path)}`);
      }
    }
  }
}

function asItem(value: unknown): Item {
  return typeof value === "object" && value !== null ? value as Item : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : String(value ?? "");
}
