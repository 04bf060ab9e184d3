import { Database } from "@db/sqlite";
import type { Clock } from "../../../shared/clock.ts";
import { sleep } from "../../../shared/wait.ts";
import { databasePath, type Terminal } from "../node/mod.ts";

/** How long runs are waited for, and how often it is looked. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 250;

/**
 * Waits for the runs that a stop of conductor would cut off, as long as that is
 * bearable: those that survive go on without it.
 */
export async function awaitRuns(
  stateDir: string,
  { clock, terminal }: { readonly clock: Clock; readonly terminal: Terminal },
): Promise<void> {
  const count = ordinaryRuns(stateDir);
  if (count === 0) return;
  const limit = `at most ${PATIENCE_MS / 1000} s`;
  terminal.say(`waiting    ${limit} for runs that a stop cuts off: ${count}`);
  const until = clock.monotonic() + PATIENCE_MS;
  while (ordinaryRuns(stateDir) > 0 && clock.monotonic() < until) {
    await sleep(clock, LOOK_MS);
  }
}

/** How many runs go on that a stop of conductor would cut off. */
function ordinaryRuns(stateDir: string): number {
  try {
    const database = new Database(databasePath(stateDir), { readonly: true });
    try {
      const [count] = database.prepare(
        `SELECT count(*) FROM runs JOIN tasks USING (task_id)
         WHERE runs.status = 'running' AND tasks.survive = 0`,
      ).value() ?? [];
      return Number(count);
    } finally {
      database.close();
    }
  } catch {
    // What cannot be read, or is of an old version, holds nobody up.
    return 0;
  }
}
