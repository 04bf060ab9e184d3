import { z } from "zod";
import type { Clock } from "../../shared/clock.ts";
import {
  ApprovalMode,
  ApprovalPolicy,
  Sandbox,
  TokenCounts,
} from "../../shared/contracts/mod.ts";
import type { ActiveTurn } from "./turns.ts";
import { PersistentMap, type PersistentMapOptions } from "./persistent_map.ts";

/** What codexd itself knows of a session; the history is Codex's own. */
export const SessionRecord = z.object({
  session_id: z.string(),
  title: z.string().nullable(),
  cwd: z.string().nullable(),
  model: z.string().nullable(),
  model_provider: z.string().nullable(),
  /** As asked for; null: Codex's own default. */
  approval_policy: ApprovalPolicy.nullable(),
  sandbox: Sandbox.nullable(),
  approvals: ApprovalMode.nullable(),
  ephemeral: z.boolean(),
  created_by: z.string().nullable(),
  /** Milliseconds since the epoch. */
  created_at: z.number(),
  updated_at: z.number(),
  preview: z.string(),
  /** It has had a turn, so that Codex lists it. */
  used: z.boolean(),
  /** An ephemeral session whose app-server is gone. */
  ended: z.boolean(),
  archived: z.boolean().default(false),
  fork_of: z.string().nullable().default(null),
  /** What it has used until its last turn; null: not known. */
  tokens: TokenCounts.nullable().default(null),
  running_turn: z.object({ turn_id: z.string(), started_at: z.number() })
    .nullable(),
});
export type SessionRecord = z.infer<typeof SessionRecord>;

/** Sessions that are remembered; Codex itself forgets none. */
const MAX_SESSIONS = 10_000;

/** The sessions that codexd made or used, on disk. */
export class SessionIndex extends PersistentMap<SessionRecord> {
  readonly #clock: Clock;

  constructor(
    options: Omit<PersistentMapOptions<SessionRecord>, "schema" | "maxEntries">,
  ) {
    super({ ...options, schema: SessionRecord, maxEntries: MAX_SESSIONS });
    this.#clock = options.clock;
  }

  /** Changes a record, if there is one. */
  update(sessionId: string, changes: Partial<SessionRecord>): void {
    const record = this.get(sessionId);
    if (record === undefined) return;
    const updated_at = this.#clock.now();
    this.set(sessionId, { ...record, updated_at, ...changes });
  }

  /** Takes note that a turn runs, for who starts after a crash. */
  turnStarted({ sessionId, turnId, startedAt }: ActiveTurn): void {
    if (this.get(sessionId)?.running_turn?.turn_id === turnId) return;
    this.update(sessionId, {
      used: true,
      running_turn: { turn_id: turnId, started_at: startedAt },
    });
  }

  /** `tokens`: what the session has used until then. */
  turnEnded(
    sessionId: string,
    turnId: string,
    tokens: TokenCounts | undefined,
  ): void {
    if (this.get(sessionId)?.running_turn?.turn_id !== turnId) return;
    this.update(sessionId, { running_turn: null, ...(tokens && { tokens }) });
  }
}
