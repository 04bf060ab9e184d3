import { isoTime } from "../../shared/clock.ts";
import type { Session } from "../../shared/contracts/mod.ts";
import type { Thread } from "../app_server/mod.ts";
import type { SessionPorts } from "./session_ports.ts";
import type { SessionRecord } from "./session_index.ts";
import { stricter } from "./thread_loader.ts";
import { sandboxOf } from "./turn_limits.ts";

/** Returns a session as callers see it, from what Codex says and what codexd knows. */
export function sessionView(
  ports: Pick<SessionPorts, "limits" | "loader" | "turns">,
  known: KnownSession,
): Session {
  const { limits, loader, turns } = ports;
  const { thread, record } = known;
  const id = thread?.id ?? record?.session_id ?? "";
  const loaded = loader.get(id);
  const active = turns.activeIn(id);
  return {
    session_id: id,
    title: thread?.name ?? record?.title ?? null,
    preview: thread?.preview || (record?.preview ?? ""),
    state: active ? "running" : restOf(record?.ended, loaded?.status),
    active_turn_id: active?.turnId ?? null,
    cwd: thread?.cwd ?? record?.cwd ?? null,
    model: thread?.model ?? record?.model ?? null,
    model_provider: thread?.modelProvider ?? record?.model_provider ?? null,
    approval_policy: record?.approval_policy ?? nameOf(loaded?.approvalPolicy),
    sandbox: loaded === undefined
      ? record?.sandbox ?? null
      : sandboxOf(record, loaded, limits.maxSandbox),
    approvals: stricter(limits.approvals, record?.approvals),
    ephemeral: thread?.ephemeral ?? record?.ephemeral ?? false,
    archived: thread ? isArchived(thread) : record?.archived ?? false,
    fork_of: thread?.forkedFromId ?? record?.fork_of ?? null,
    created_by: thread?.originator ?? record?.created_by ?? null,
    created_at: isoTime(createdAt(known)),
    updated_at: isoTime(
      Math.max((thread?.updatedAt ?? 0) * 1000, record?.updated_at ?? 0),
    ),
  };
}

/** Codex keeps a thread that was put away in another folder. */
export function isArchived({ path }: Pick<Thread, "path">): boolean {
  return path?.includes("/archived_sessions/") ?? false;
}

/** A policy that is no word is the owner's own, kind by kind. */
function nameOf(policy: unknown): string | null {
  return typeof policy === "string" ? policy : null;
}

/** What Codex says of a session, and what codexd knows. */
export interface KnownSession {
  readonly thread?: Thread;
  readonly record?: SessionRecord | undefined;
}

/** When a session was made, in milliseconds. */
export function createdAt({ thread, record }: KnownSession): number {
  return thread?.createdAt ? thread.createdAt * 1000 : record?.created_at ?? 0;
}

/** The state of a session in which no turn runs. `status`: Codex's, while it is loaded. */
function restOf(
  ended: boolean | undefined,
  status: string | undefined,
): Session["state"] {
  if (ended) return "ended";
  if (status === undefined) return "not_loaded";
  return status === "systemError" ? "failed" : "idle";
}
