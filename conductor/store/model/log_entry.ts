import { z } from "zod";
import { LOG_LEVELS, type LogLevel } from "../../../shared/log.ts";

export const LogStream = z.enum(["stdout", "stderr", "system"]);
export type LogStream = z.infer<typeof LogStream>;

/** One line of a task's log. `seq` counts from 1 in each task, without gaps. */
export const LogEntry = z.strictObject({
  seq: z.int(),
  run_id: z.string(),
  stream: LogStream,
  level: z.enum(LOG_LEVELS),
  message: z.string(),
  created_at: z.iso.datetime(),
});
export type LogEntry = z.infer<typeof LogEntry>;

/** A line that is not in the database yet. */
export interface NewLogLine {
  readonly stream: LogStream;
  readonly level: LogLevel;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The byte of its output that comes after it, where that is kept. */
  readonly place?: number | undefined;
}
