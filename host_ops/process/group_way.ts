/**
 * How a shell comes to lead a group: it becomes a program that makes the group
 * and then becomes a shell again, with the same process id; or the runtime
 * makes the group.
 */
export interface GroupWay {
  readonly name: GroupWayName;
  /** The program and its arguments before those that it becomes. */
  readonly prefix: readonly string[];
}

/** What makes groups, the best first: `setsid` is Linux's, macOS has `perl`. */
export const GROUP_WAYS = ["setsid", "perl", "detached"] as const;

export type GroupWayName = typeof GROUP_WAYS[number];
