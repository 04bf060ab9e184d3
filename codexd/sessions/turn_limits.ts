import { type Sandbox, SANDBOXES } from "../../shared/contracts/mod.ts";
import { SANDBOX_POLICIES, type TurnLimits } from "../app_server/mod.ts";
import type { SessionRecord } from "./session_index.ts";
import type { LoadedThread } from "./thread_loader.ts";

/**
 * What a session's next turn may do: what was last asked for the session, else
 * what it had when it was loaded. Said with every turn, since Codex goes by
 * what was said with the turn before, and so would not narrow again.
 */
export function turnLimits(
  record: Asked | undefined,
  loaded: LoadedThread,
  max: Sandbox,
): TurnLimits {
  const approvalPolicy = record?.approval_policy ?? loaded.approvalPolicy;
  return {
    ...(approvalPolicy !== null && { approvalPolicy }),
    ...sandboxLimit(record, loaded, sandboxOf(record, loaded, max)),
  };
}

/** The sandbox of a session's turns: as asked for, else Codex's own, never above `max`. */
export function sandboxOf(
  record: Pick<Asked, "sandbox"> | undefined,
  loaded: Pick<LoadedThread, "sandbox">,
  max: Sandbox,
): Sandbox {
  // A sandbox that is not known could be any.
  const own = record?.sandbox ?? loaded.sandbox ?? "danger-full-access";
  return SANDBOXES.indexOf(own) <= SANDBOXES.indexOf(max) ? own : max;
}

type Asked = Pick<SessionRecord, "sandbox" | "approval_policy">;

function sandboxLimit(
  record: Asked | undefined,
  { sandbox, sandboxPolicy, profile }: LoadedThread,
  wanted: Sandbox,
): Pick<TurnLimits, "sandboxPolicy"> {
  const isOwn = (record?.sandbox ?? null) === null && sandbox === wanted;
  if (!isOwn) return { sandboxPolicy: SANDBOX_POLICIES[wanted] };
  // A profile of the owner's may forbid what no sandbox policy can say.
  const isOwners = profile !== undefined && !profile.startsWith(":");
  return isOwners ? {} : { sandboxPolicy };
}
