import { isoTime } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import type { Leader, Lease } from "../store/mod.ts";

/** Returns who leads at `now`, or null when the lease is free. */
export function leaderOf(lease: Lease, now: number): Leader | null {
  if (lease.instance_id === null || lease.expires_at <= now) return null;
  return {
    controller_id: lease.controller_id ?? "",
    instance_id: lease.instance_id,
    host: lease.host ?? "",
    lease_expires_at: isoTime(lease.expires_at),
    term: lease.term,
  };
}

/** Returns the refusal of a write that only the leader may do. */
export function notLeader(leader: Leader | null): AppError {
  const who = leader === null
    ? "no controller leads just now"
    : `"${leader.controller_id}" (${leader.instance_id}) on ${leader.host} is`;
  return new AppError(
    "NOT_LEADER",
    `Cannot write: this controller is not the leader; ${who}`,
    { details: { leader } },
  );
}
