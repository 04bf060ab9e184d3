import { ScriptedClient } from "../../conductor/browser/testing/scripted_client.ts";
import { FakeCodexd } from "../../conductor/codex/testing/fake_codexd.ts";
import { startDaemon } from "../testing/daemon.ts";
import type { BenchRow } from "./harness.ts";

/** The most bytes of what an agent reads: spec of the front door. */
const MOST = {
  "/llms.txt": 8_192,
  "/describe": 20_000,
  "/describe/business": 10_000,
  "/describe/control": 14_000,
  "/v1/capabilities": 14_000,
  "/openapi.json": 92_160,
} as const;

/** Bytes of each document with a token set: with Codex and a browser connected, and with both away. */
export async function documentsBench(): Promise<readonly BenchRow[]> {
  const token = "of-a-bench-4711-x9k2";
  const read = async (origin: string) => {
    const sizes: number[] = [];
    for (const path of Object.keys(MOST)) {
      const answer = await fetch(origin + path, {
        headers: { authorization: `Bearer ${token}` },
      });
      sizes.push((await answer.bytes()).byteLength);
    }
    return sizes;
  };
  await using codexd = new FakeCodexd();
  await using conductor = await startDaemon("conductor", {
    ...codexd.env,
    BAA_SHARED_TOKEN: token,
  });
  let all: number[];
  {
    await using _ = await ScriptedClient.connect(conductor.origin, { token });
    await codexd.followed();
    all = await read(conductor.origin);
  }
  await using alone = await startDaemon("conductor", {
    BAA_SHARED_TOKEN: token,
  });
  const away = await read(alone.origin);
  return Object.entries(MOST).map(([path, most], n) => {
    const [ours = NaN, without = NaN] = [all[n], away[n]];
    return {
      name: `${path}, bytes`,
      ours: String(ours),
      floor: `${without} with both away`,
      ratio: "",
      target: `≤ ${most}`,
      met: Math.max(ours, without) <= most,
    };
  });
}
