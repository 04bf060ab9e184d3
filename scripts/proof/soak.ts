// deno-lint-ignore-file no-console -- a script talks to a terminal
import { parseArgs } from "node:util";
import { machineLoad } from "../bench/steady.ts";
import {
  showCalls,
  showErrors,
  showKept,
  showTrends,
} from "./soaking/report.ts";
import { runSoak } from "./soaking/run_soak.ts";

const MINUTE_MS = 60_000;

/**
 * Uses both daemons in every way for so many minutes and prints what that took,
 * how long calls took, and whether what was promised was kept. Returns whether
 * all of it was.
 */
export async function soak(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "30" },
      speed: { type: "string", default: "1" },
      "without-codex": { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
    },
  });
  const minutes = Number(values.minutes);
  const speed = Number(values.speed);
  if (!(minutes > 0 && speed >= 1)) {
    throw new Error("Cannot soak: --minutes is above 0, --speed 1 or more");
  }
  const { text: load } = await machineLoad();
  const { codex, points, ledger, kept } = await runSoak({
    durationMs: minutes * MINUTE_MS,
    speed,
    withRealCodex: !values["without-codex"],
    only: values.only,
  });
  console.log(
    `${minutes} minutes at speed ${speed}, with the ${codex}; load before: ${load}`,
  );
  const isFlat = showTrends(points);
  showCalls(ledger.times);
  const isClean = showErrors(ledger.errors);
  return showKept(kept) && isClean && isFlat;
}
