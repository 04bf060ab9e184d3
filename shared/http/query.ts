import { z } from "zod";

const LIMIT = "must be an integer from 1 to 200";

/** `?limit=` of every list. */
export const limitQuery = z.string()
  .regex(/^[1-9][0-9]{0,2}$/, LIMIT)
  .transform(Number)
  .refine((it) => it <= 200, LIMIT)
  .default(20)
  .describe("Entries a page, 1 to 200.");

/** `?after=` of every numbered stream: digits only, since an empty text is not 0. */
export const sequenceQuery = z.string()
  .regex(/^[0-9]{1,15}$/, "must be the seq of an event, or 0")
  .transform(Number);
