import { z } from "zod";
import { TokenCounts } from "./codexd.ts";

/** By what tokens are summed. */
export const UsageGrouping = z.enum(["day", "session", "task"]);

/** Which tokens are asked for. */
export interface UsageQuery {
  /** A time, ISO 8601. */
  readonly since?: string | undefined;
  readonly group_by: z.infer<typeof UsageGrouping>;
}

const UsageSum = TokenCounts.extend({ turns: z.int() });

const UsageGroup = UsageSum.extend({
  key: z.string().nullable().describe(
    "the day (UTC), the session_id or the task_id; null: turns of no task",
  ),
});
export type UsageGroup = z.infer<typeof UsageGroup>;

/** The tokens of turns, as Codex counted them. */
export const UsageReport = z.object({
  usage: z.array(UsageGroup).describe(
    "the newest day, or the largest sum, first; at most 1000",
  ),
  total: UsageSum,
});
export type UsageReport = z.infer<typeof UsageReport>;
