import { z } from "zod";
import {
  TokenCounts,
  type UsageGroup,
  type UsageQuery,
  type UsageReport,
} from "../../shared/contracts/mod.ts";
import { PersistentMap, type PersistentMapOptions } from "./persistent_map.ts";

/** What one turn has used, as of when Codex told of it last. */
const TurnUsage = z.object({
  session_id: z.string(),
  task_id: z.string().nullable(),
  /** When the turn began, in milliseconds since the epoch. */
  at: z.number(),
  tokens: TokenCounts,
  /** Of its session until then, so that what comes next is counted from there. */
  session_tokens: TokenCounts,
});
type TurnUsage = z.infer<typeof TurnUsage>;

const MAX_TURNS = 20_000;
const MAX_GROUPS = 1000;

/**
 * The tokens of each turn, on disk by the turn's id: told again, or again after
 * a restart, they replace what was told before, so nothing counts twice.
 */
export class UsageLedger extends PersistentMap<TurnUsage> {
  constructor(
    options: Omit<PersistentMapOptions<TurnUsage>, "schema" | "maxEntries">,
  ) {
    super({ ...options, schema: TurnUsage, maxEntries: MAX_TURNS });
  }

  /** Sums the turns that began at `since` or later: the newest day, the largest sum first. */
  report({ since, group_by }: UsageQuery): UsageReport {
    const from = since === undefined ? -Infinity : Date.parse(since);
    const total = { turns: 0, ...NO_TOKENS };
    const groups = new Map<string | null, UsageGroup>();
    for (const turn of this.values()) {
      if (turn.at < from) continue;
      const key = group_by === "day"
        ? new Date(turn.at).toISOString().slice(0, 10)
        : turn[`${group_by}_id`];
      const known = groups.get(key) ?? { key, turns: 0, ...NO_TOKENS };
      groups.set(key, { ...known, ...plus(known, turn.tokens) });
      Object.assign(total, plus(total, turn.tokens));
    }
    const usage = [...groups.values()].sort((a, b) =>
      group_by === "day"
        ? String(b.key).localeCompare(String(a.key))
        : b.total_tokens - a.total_tokens
    );
    return { usage: usage.slice(0, MAX_GROUPS), total };
  }
}

/** No token at all. */
export const NO_TOKENS: TokenCounts = {
  total_tokens: 0,
  input_tokens: 0,
  cached_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
};

function plus(
  sum: TokenCounts & { readonly turns: number },
  more: TokenCounts,
) {
  return {
    turns: sum.turns + 1,
    ...combined(sum, more, (a, b) => a + b),
  };
}

/** Puts two counts together, kind by kind. */
export function combined(
  a: TokenCounts,
  b: TokenCounts,
  how: (a: number, b: number) => number,
): TokenCounts {
  const names = Object.keys(NO_TOKENS) as (keyof TokenCounts)[];
  return Object.fromEntries(
    names.map((name) => [name, how(a[name], b[name])]),
  ) as TokenCounts;
}
