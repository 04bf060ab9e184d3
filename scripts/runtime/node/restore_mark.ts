import { join } from "@std/path";
import { type Finding, script, warning } from "./finding.ts";

/**
 * Says beside the database that a restore goes on, and of which backup. The
 * kernel tells whether it still does: what it locks ends with its process.
 */
export async function markRestore(
  folder: string,
  { stamp, backup }: BrokenOffRestore,
): Promise<RestoreMark> {
  const path = markPath(folder, stamp);
  const file = await Deno.open(path, {
    write: true,
    createNew: true,
    mode: 0o600,
  });
  await file.lock(true);
  await file.write(new TextEncoder().encode(backup));
  let isKept = false;
  return {
    path,
    keep: () => void (isKept = true),
    [Symbol.dispose]() {
      if (!isKept) Deno.removeSync(path);
      file.close();
    },
  };
}

/** The mark of a restore that goes on. */
export interface RestoreMark extends Disposable {
  readonly path: string;
  /** Leaves it there: what was begun could be neither ended nor taken back. */
  keep(): void;
}

/** Returns the restores into `folder` whose process was killed, newest first. */
export async function brokenOffRestores(
  folder: string,
): Promise<readonly BrokenOffRestore[]> {
  const found: BrokenOffRestore[] = [];
  for (const stamp of await restoresIn(folder)) {
    try {
      const path = markPath(folder, stamp);
      using file = await Deno.open(path);
      if (!await file.tryLock()) continue;
      found.push({ stamp, backup: await Deno.readTextFile(path) });
    } catch {
      // It has ended meanwhile, or is another owner's.
    }
  }
  return found;
}

/** Says that a restore into `folder` was broken off, and what may be typed. */
export async function brokenOffFindings(
  folder: string,
): Promise<readonly Finding[]> {
  return (await brokenOffRestores(folder))
    .filter(({ backup }) => backup !== "")
    .map(({ backup }) =>
      warning(
        "restore",
        "one was broken off; what was there before, or the backup, is whole",
        `${script("restore-mini", backup)} does it again, ${
          script("start-launchd", "--service", "conductor")
        } goes on with what is there`,
      )
    );
}

/** What a restore is known by. */
export interface BrokenOffRestore {
  /** When it was begun, as names of files have it. */
  readonly stamp: string;
  /** What it puts in place; empty where it only looks at it. */
  readonly backup: string;
}

/** Returns the path of the file that says that a restore goes on. */
export function markPath(folder: string, stamp: string): string {
  return join(folder, `restore-${stamp}.mark`);
}

async function restoresIn(folder: string): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch {
    // There is no state yet, or it may not be looked at.
  }
  return names.flatMap((it) => /^restore-(.+)\.mark$/.exec(it)?.[1] ?? [])
    .sort().reverse();
}
