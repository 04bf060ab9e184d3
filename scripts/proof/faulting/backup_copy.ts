import { fromFileUrl, join } from "@std/path";
import { openDatabase } from "../../../conductor/store/mod.ts";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { wholeness } from "./conductor_subject.ts";
import type { Injection, Verdict } from "./point.ts";
import type { Trial } from "./trial.ts";

/** What a backup is written as until it is whole, below the folder of a trial. */
export const COPY = "copy.db.partial";

/**
 * Has `deno task backup` copy a database while something of it fails, and then
 * again. A copy under its name is whole, and there when the command said so.
 */
export async function tryBackup(
  inject: (folder: string) => Injection,
): Promise<Trial> {
  await using own = await tempDir();
  const folder = await Deno.realPath(own.path);
  const verdict = { corrupt: [], lost: [], unrecovered: [] } as Verdict;
  await Deno.mkdir(join(folder, "conductor"));
  const database = join(folder, "conductor", "conductor.db");
  openDatabase(database).close();
  const injection = inject(folder);
  const copy = join(folder, "copy.db");
  const first = await backUp(folder, copy, injection);
  const found = wholeness(copy);
  const isThere = await Deno.stat(copy).then(() => true, () => false);
  if (isThere && found !== "ok") verdict.corrupt.push(`the copy: ${found}`);
  if (first && !isThere) verdict.lost.push("the copy is not there");
  if (!isThere) {
    // Of one that was killed a part may be left; conductor removes it in time.
    await Deno.remove(join(folder, COPY)).catch(() => {});
    if (!await backUp(folder, copy) || wholeness(copy) !== "ok") {
      verdict.unrecovered.push("no copy can be made afterwards");
    }
  }
  const left = wholeness(database);
  if (left !== "ok") verdict.corrupt.push(`the database: ${left}`);
  const isReached = await injection.isReached?.() ?? false;
  return { verdict, said: [], ended: !first, isReached };
}

/** Tells whether it says that it has made one. */
async function backUp(
  folder: string,
  to: string,
  { wrapper = [] }: Injection = {},
): Promise<boolean> {
  const script = fromFileUrl(new URL("../../database.ts", import.meta.url));
  const [program = "", ...args] = [
    ...wrapper,
    Deno.execPath(),
    "run",
    "-A",
    "--no-check",
    "--quiet",
    script,
    "backup",
    to,
  ];
  const { success } = await new Deno.Command(program, {
    args,
    env: { BAA_STATE_DIR: folder },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}
