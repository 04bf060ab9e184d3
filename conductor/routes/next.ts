import { z } from "zod";

/** A call that leads on from an answer. */
export const NextCall = z.strictObject({
  method: z.enum(["GET", "POST"]),
  path: z.string(),
  /** What it is good for. */
  why: z.string(),
});
type NextCall = z.infer<typeof NextCall>;

/** Returns the call that reads on in a task's log. */
export function nextLines(taskId: string, lastSeq: number): NextCall {
  return {
    method: "GET",
    path: `/v1/tasks/${taskId}/logs?after=${lastSeq}&wait_ms=30000`,
    why: "the lines that come next, as soon as there are any",
  };
}
