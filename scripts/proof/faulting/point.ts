/** What a write meets. */
export const FAULTS = ["EIO", "ENOSPC", "kill"] as const;
export type Fault = typeof FAULTS[number];

/** One write that a program makes while it does its work. */
export interface Point {
  /** What it belongs to, such as `wal`. */
  readonly where: string;
  /** The call, such as `rename`. */
  readonly op: string;
  /** Which of such calls it is, from 1: of its place, or for SQLite of its place and call. */
  readonly nth: number;
  /** What was written when the points were counted. */
  readonly path: string;
  /** What it can meet. Default: each fault. */
  readonly faults?: readonly Fault[];
}

/** How a program is started so that its writes are counted, or that one fails. */
export interface Injection {
  readonly denoFlags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What comes before the program. */
  readonly wrapper?: readonly string[];
  /** Asked when the program has ended: whether what was to fail has failed. */
  isReached?(): Promise<boolean>;
}

/** What a fault has led to, a line for each; all empty: nothing. */
export interface Verdict {
  readonly corrupt: string[];
  readonly lost: string[];
  readonly unrecovered: string[];
}
