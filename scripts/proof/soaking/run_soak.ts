import { systemClock } from "../../../shared/clock.ts";
import { sleep } from "../../../shared/wait.ts";
import { aftermath, type Kept } from "./aftermath.ts";
import { Ledger } from "./ledger.ts";
import { Auditor } from "./auditor.ts";
import { runLoad } from "./run_load.ts";
import { Sampler } from "./sampler.ts";
import { Desk } from "./soak_client.ts";
import { soakStage, type Stage } from "./stage.ts";
import type { Point } from "./trend.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const LONGEST_LOOK_MS = 5000;

/**
 * Uses a conductor and a codexd that it starts for this in every way at once,
 * looks what they take, and when the load is over what is left of it.
 */
export async function runSoak(
  { durationMs, speed, withRealCodex, only = [] }: SoakOptions,
): Promise<SoakResult> {
  const time = speed === 1
    ? undefined
    : { speed, from: beforeBackup(durationMs * speed) };
  await using stage = await soakStage({ time, withRealCodex });
  const ledger = new Ledger();
  const desk = new Desk(stage, ledger);
  const auditor = new Auditor(desk);
  const sampler = new Sampler(stage);
  const over = AbortSignal.timeout(durationMs);
  const look = async () => {
    await sampler.look();
    await auditor.read();
  };
  const everyMs = Math.min(LONGEST_LOOK_MS, durationMs / 60);
  await Promise.all([
    runLoad(desk, { ends: over, only }),
    (async () => {
      while (!over.aborted) {
        await look();
        await sleep(systemClock, everyMs, over);
      }
    })(),
  ]);
  const kept = await aftermath(desk, auditor);
  return { codex: stage.codex, points: sampler.points, ledger, kept };
}

export interface SoakOptions {
  /** Of the load, by the machine's clock. */
  readonly durationMs: number;
  /** How many times faster the daemons' clock is. */
  readonly speed: number;
  /** False: the stand-in, also where Codex is installed. */
  readonly withRealCodex: boolean;
  /** Names of rooms or clients. Default: all of them. */
  readonly only?: readonly string[];
}

export interface SoakResult {
  readonly codex: Stage["codex"];
  readonly points: ReadonlyMap<string, readonly Point[]>;
  readonly ledger: Ledger;
  readonly kept: readonly Kept[];
}

/** A time of day from which 03:00, when a backup is made, comes in the middle. */
function beforeBackup(daemonMs: number): number {
  const three = new Date(Date.now() - DAY_MS).setHours(3, 0, 0, 0);
  return three - Math.min(daemonMs / 2, 12 * HOUR_MS);
}
