// deno-lint-ignore-file no-console -- a script talks to a terminal
import { dirname } from "@std/path";
import { parseArgs } from "node:util";
import { keepResult, runVectors } from "./attacking/run_vectors.ts";
import { ownStage } from "./attacking/stage.ts";
import type { Stage, Target } from "./attacking/vector.ts";
import { outcomeOf } from "./attacking/wire.ts";

const MARKS = { passed: "held", failed: "GOT THROUGH", "left out": "left out" };

/**
 * Attacks a conductor, one line a vector: one of its own that it starts, or with
 * `--base` a running one by what is harmless. Returns whether nothing got
 * through. The result is kept in the folder that `--state` names: conductor's
 * own, beside its database.
 */
export async function attack(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      base: { type: "string" },
      "token-file": { type: "string" },
      state: { type: "string" },
    },
  });
  const { base, state } = values;
  const file = values["token-file"];
  const token = file && (await Deno.readTextFile(file)).trim();
  await using stage = base === undefined
    ? await ownStage()
    : await runningStage(base, { token, state });
  const result = await runVectors(stage, ({ room, tries, right }, found) => {
    console.log(`${MARKS[found.outcome].padEnd(11)}  ${room}: ${found.name}`);
    if (found.outcome === "passed") return;
    if (found.outcome === "left out") console.log(`             ${found.why}`);
    else {
      console.log(`             tried: ${tries}
             right: ${right}
             came:  ${found.why}`);
    }
  });
  const { passed, failed, left_out, version } = result;
  console.log(
    `${passed} held, ${failed} got through, ${left_out} left out (version ${version})`,
  );
  if (state !== undefined) await keepResult(state, result);
  return failed === 0;
}

/** A conductor that somebody needs. */
async function runningStage(
  base: string,
  { token, state }: {
    readonly token: string | undefined;
    readonly state: string | undefined;
  },
): Promise<Stage & AsyncDisposable> {
  const url = new URL(base);
  if (url.protocol !== "http:" || url.hostname !== "127.0.0.1") {
    throw new Error(
      `Cannot attack ${base}: only http://127.0.0.1:<port>, on this machine`,
    );
  }
  const target: Target = { port: Number(url.port || 80), token };
  const line = "GET /v1/tasks HTTP/1.1";
  const stranger = await outcomeOf(target, { line, as: "nobody" });
  const isGuarded = /^(401|429)/.test(stranger);
  return {
    open: target,
    guarded: isGuarded ? target : undefined,
    stateDir: state && dirname(state),
    own: undefined,
    async [Symbol.asyncDispose]() {},
  };
}
