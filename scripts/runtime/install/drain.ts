import { Database } from "@db/sqlite";
import { UPGRADE } from "../../../conductor/automation/mod.ts";
import { sleep } from "../../../shared/wait.ts";
import { knowsToken, tokenOf } from "../checks/mod.ts";
import {
  addressOf,
  ask,
  databasePath,
  findInstalled,
  type Installation,
  inWords,
  isAsking,
  type ProbeAnswer,
  runningSettings,
  SERVICES,
  settingOf,
} from "../node/mod.ts";
import type { Ports } from "../launchd/mod.ts";

/** How long what runs is waited for, and how often it is looked. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 250;

/**
 * Has conductor start nothing new, and waits for what its stop would cut off,
 * as long as that is bearable: runs that survive go on without it, and who
 * asked for this may be waiting for it. Disposing has automation run again,
 * where it did before; should this die, conductor does so by itself.
 * @throws when it is interrupted meanwhile
 */
export async function drain(
  installation: Installation,
  ports: Ports,
): Promise<AsyncDisposable> {
  const { clock } = ports.machine;
  const { say, warn } = ports.terminal;
  const drained = await startDrain(installation, ports);
  let isInterrupted = false;
  const interrupt = () => isInterrupted = true;
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, interrupt);
  try {
    const state = settingOf("BAA_STATE_DIR", installation);
    const left = () => cutOff(state, ports);
    const most = `at most ${PATIENCE_MS / 1000} s`;
    let count = left();
    if (count > 0) say(`waiting    ${most} for what a stop cuts off: ${count}`);
    const until = clock.monotonic() + PATIENCE_MS;
    while (count > 0 && !isInterrupted && clock.monotonic() < until) {
      await sleep(clock, LOOK_MS);
      count = left();
    }
    if (isInterrupted) {
      throw new Error(
        "Cannot install: it was interrupted; nothing was changed",
      );
    }
    if (count > 0) warn(`Going on: ${count} of them did not end in time`);
    return drained;
  } catch (error) {
    await drained[Symbol.asyncDispose]();
    throw error;
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, interrupt);
  }
}

/** Whoever paused or drained automation before, it stays so. */
async function startDrain(
  installation: Installation,
  ports: Ports,
): Promise<AsyncDisposable> {
  const send = (path: string, body?: Readonly<Record<string, string>>) =>
    tell(path, { installation, ports, body });
  const reason = "an upgrade waits for what runs";
  const by = { requested_by: "install-mini", reason, source: UPGRADE };
  const before = await send("/v1/system/state");
  const isRunning = before.data?.["mode"] === "running";
  const answer = isRunning ? await send("/v1/system/drain", by) : before;
  if (answer.status !== 200) {
    ports.terminal.warn(
      `Cannot drain conductor: ${inWords(answer)}; what it starts until it ` +
        "is stopped is cut off",
    );
  }
  return {
    async [Symbol.asyncDispose]() {
      if (!isRunning) return;
      const { data } = await send("/v1/system/state");
      const { mode, source } = (data?.["automation"] ?? {}) as ModeOf;
      if (mode !== "draining" || source !== UPGRADE) return;
      await send("/v1/system/resume", { ...by, reason: "the upgrade is over" });
    },
  };
}

/** What the state of automation says of its mode. */
interface ModeOf {
  readonly mode?: string;
  readonly source?: string;
}

/** Asks conductor where it is installed at this moment; a stranger gets no token. */
async function tell(
  path: string,
  { installation, ports, body }: {
    readonly installation: Installation;
    readonly ports: Ports;
    readonly body: Readonly<Record<string, string>> | undefined;
  },
): Promise<ProbeAnswer> {
  const { scope, owner } = installation;
  const installed = await findInstalled(scope, owner.home);
  const settings = runningSettings(installed, ports.machine);
  const base = addressOf(SERVICES.conductor, settings);
  const token = await tokenOf(settings);
  if (token !== undefined && !await knowsToken(base, token)) {
    const error = `what answers at ${base} does not prove that it is conductor`;
    return { status: undefined, error, data: undefined };
  }
  return await ask(base, path, { token, body });
}

/** How many runs and commands go on that a stop of conductor would cut off. */
function cutOff(stateDir: string, { machine }: Ports): number {
  try {
    const database = new Database(databasePath(stateDir), { readonly: true });
    try {
      const count = (sql: string) =>
        Number(database.prepare(sql).value()?.[0] ?? 0);
      const codex = count(`${RUNS} AND kind = 'codex'`);
      const others = count(`${RUNS} AND kind <> 'codex'`) + count(COMMANDS);
      const asks = (by: "codex" | "command") => isAsking(by, machine) ? 1 : 0;
      return Math.max(0, codex - asks("codex")) +
        Math.max(0, others - asks("command"));
    } finally {
      database.close();
    }
  } catch {
    // What cannot be read, or is of an old version, holds nobody up.
    return 0;
  }
}

/** Runs of this machine's leader that do not survive. */
const RUNS = `SELECT count(*) FROM runs JOIN tasks USING (task_id)
  WHERE runs.status = 'running' AND tasks.survive = 0`;

/** Commands that are no run's, by the audit trail: begun, and not at their end. */
const COMMANDS = `SELECT count(*) FROM (
    SELECT entry_id FROM (
      SELECT entry_id, instance_id, task_id FROM audit
      WHERE action = 'exec' ORDER BY seq DESC LIMIT 20000)
    WHERE task_id IS NULL AND instance_id = (SELECT instance_id FROM lease)
    GROUP BY entry_id HAVING count(*) = 1)`;
