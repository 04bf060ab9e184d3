import {
  LAST_ATTACK_FILE,
  type LastAttack,
} from "../../../conductor/status/mod.ts";
import { join } from "@std/path";
import { VERSION } from "../../../shared/version.ts";
import { hasChromium } from "../../testing/chromium.ts";
import { canStartStranger } from "../../testing/stranger.ts";
import { nobodyVectors } from "./as_nobody.ts";
import { browserVectors } from "./browser_page.ts";
import { everyRouteVectors } from "./every_route.ts";
import { requestVectors } from "./requests.ts";
import { secretVectors } from "./secrets.ts";
import { sequenceVectors } from "./sequences.ts";
import { type Need, NEEDS, type Stage, type Vector } from "./vector.ts";

/** All that is tried, in order: what locks out and what looks at the traces comes late. */
export const VECTORS: readonly Vector[] = [
  ...requestVectors,
  ...everyRouteVectors,
  ...browserVectors,
  ...sequenceVectors,
  ...secretVectors,
  ...nobodyVectors,
];

type Found = LastAttack["vectors"][number];

/** Tries every vector on a stage; `tell` hears of each. */
export async function runVectors(
  stage: Stage,
  tell: (vector: Vector, found: Found) => void = () => {},
): Promise<LastAttack> {
  const vectors: Found[] = [];
  for (const vector of VECTORS) {
    const { name, room } = vector;
    const found = { name, room, ...await tryOne(vector, stage) };
    tell(vector, found);
    vectors.push(found);
  }
  const count = (outcome: Found["outcome"]) =>
    vectors.filter((it) => it.outcome === outcome).length;
  return {
    at: new Date().toISOString(),
    against: stage.own === undefined
      ? `http://127.0.0.1:${stage.open.port}`
      : "an instance of its own",
    version: VERSION,
    passed: count("passed"),
    failed: count("failed"),
    left_out: count("left out"),
    vectors,
  };
}

/** Keeps a result where the page of the node reads it. */
export async function keepResult(
  folder: string,
  result: LastAttack,
): Promise<void> {
  const path = join(folder, LAST_ATTACK_FILE);
  const text = JSON.stringify(result);
  const partial = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(partial, text, { createNew: true, mode: 0o600 });
  await Deno.rename(partial, path);
}

async function tryOne(
  { needs, attempt }: Vector,
  stage: Stage,
): Promise<Pick<Found, "outcome" | "why">> {
  const missing = needs.find((it) => !hasIt(it, stage));
  if (missing !== undefined) {
    return { outcome: "left out", why: NEEDS[missing] };
  }
  try {
    const why = await attempt(stage);
    return why === undefined
      ? { outcome: "passed" }
      : { outcome: "failed", why: why.slice(0, 1000) };
  } catch (error) {
    // An attack that cannot be made shows nothing.
    return { outcome: "failed", why: `Cannot try it: ${error}`.slice(0, 1000) };
  }
}

function hasIt(need: Need, { own, guarded, stateDir }: Stage): boolean {
  switch (need) {
    case "own":
      return own !== undefined;
    case "guarded":
      return guarded !== undefined;
    case "state":
      return stateDir !== undefined;
    case "chromium":
      return hasChromium;
    case "stranger":
      return canStartStranger;
  }
}
