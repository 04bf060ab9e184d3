import { z } from "zod";

/** A call that leads on from an answer. */
export const NextCall = z.strictObject({
  method: z.enum(["GET", "POST"]),
  path: z.string(),
  why: z.string().describe("What it is good for."),
});
export type NextCall = z.infer<typeof NextCall>;
