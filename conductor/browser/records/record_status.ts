export const RECORD_STATUSES = ["fresh", "stale", "lost"] as const;
export type RecordStatus = typeof RECORD_STATUSES[number];

/** When a record ceases to be fresh, and when it is lost: milliseconds of age. */
export interface RecordAges {
  readonly freshMs: number;
  readonly lostMs: number;
}

/** What a record's status is judged by. */
export interface RecordFacts {
  readonly ageMs: number;
  /** Whether the client that reported it is connected now. */
  readonly connected: boolean;
  /** Whether the client said that the site took it away. */
  readonly loggedOut?: boolean;
}

/** Tells how far a record can be trusted. */
export function recordStatus(
  facts: RecordFacts,
  ages: RecordAges,
): RecordStatus {
  if (facts.loggedOut || facts.ageMs > ages.lostMs) return "lost";
  return facts.connected && facts.ageMs <= ages.freshMs ? "fresh" : "stale";
}
