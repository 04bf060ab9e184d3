import { join } from "@std/path";
import { z } from "zod";
import { Unread } from "./pieces.ts";

/** What `deno task proof attack` leaves in the state folder of who was attacked. */
export const LAST_ATTACK_FILE = "last-attack.json";
const MAX_BYTES = 262_144;

export const LastAttack = z.object({
  at: z.iso.datetime(),
  /** What was attacked. */
  against: z.string(),
  /** Of who attacked. */
  version: z.string(),
  passed: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  left_out: z.int().nonnegative(),
  vectors: z.array(z.object({
    name: z.string(),
    room: z.string(),
    outcome: z.enum(["passed", "failed", "left out"]),
    /** What got through, or why it was left out. */
    why: z.string().optional(),
  })),
});
export type LastAttack = z.infer<typeof LastAttack>;

/** Reads the result of the last attack; undefined when there was none. Never throws. */
export async function lastAttack(
  stateDir: string,
): Promise<LastAttack | Unread | undefined> {
  try {
    const path = join(stateDir, LAST_ATTACK_FILE);
    const { size, isFile } = await Deno.lstat(path);
    if (isFile && size <= MAX_BYTES) {
      return LastAttack.parse(JSON.parse(await Deno.readTextFile(path)));
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
  }
  return new Unread(`${LAST_ATTACK_FILE} is no result of an attack`);
}
