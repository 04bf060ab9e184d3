import { join } from "@std/path";
import { z } from "zod";
import { type Installation, OWNERS_ALONE } from "./installation.ts";

/** What one program was made from and became. */
const ProgramRecord = z.object({
  /** SHA-256 of what the compiler wrote. */
  compiled: z.string(),
  /** SHA-256 of what lies in `bin`, signed. */
  installed: z.string(),
});

/** What an install leaves for later commands: in `bin/install.json`. */
const Record = z.object({
  format: z.literal(1),
  version: z.string(),
  deno: z.string(),
  /** Settings that came from flags and environment. */
  remembered: z.record(z.string(), z.string()),
  identity: z.string().optional(),
  programs: z.partialRecord(z.enum(["conductor", "codexd"]), ProgramRecord),
});
export type InstallRecord = z.infer<typeof Record>;

/** Where an install leaves its record. */
export function recordPath({ prefix }: Pick<Installation, "prefix">): string {
  return join(prefix, "bin", "install.json");
}

/** Reads what the last install left; undefined when there was none. */
export async function readRecord(
  installation: Pick<Installation, "prefix">,
): Promise<InstallRecord | undefined> {
  try {
    const text = await Deno.readTextFile(recordPath(installation));
    return Record.parse(JSON.parse(text));
  } catch {
    // A record that is missing or spoilt costs a compile and the flags again.
    return undefined;
  }
}

/** Leaves a record for later commands. */
export async function writeRecord(
  installation: Pick<Installation, "prefix">,
  record: InstallRecord,
): Promise<void> {
  const path = recordPath(installation);
  await Deno.writeTextFile(
    `${path}.new`,
    JSON.stringify(record, null, 2) + "\n",
    { mode: OWNERS_ALONE },
  );
  await Deno.chmod(`${path}.new`, OWNERS_ALONE);
  await Deno.rename(`${path}.new`, path);
}
