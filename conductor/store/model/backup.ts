import { z } from "zod";

/** A finished copy of the database. */
export const Backup = z.strictObject({
  path: z.string(),
  size_bytes: z.int(),
  created_at: z.iso.datetime(),
  duration_ms: z.int(),
});
export type Backup = z.infer<typeof Backup>;
