import { ScriptedClient } from "../../conductor/browser/testing/scripted_client.ts";
import { startDaemon } from "../testing/daemon.ts";
import { type BenchRow, memoryRow, post, residentMiB } from "./harness.ts";

const EXECS = 10_000;
/** Execs after which V8's heap has the size that it keeps. */
const WARM_EXECS = 4_000;
const RECONNECTS = 1_000;
const WARM_RECONNECTS = 200;
/** Deno's idle timer holds a closed socket for as long as it runs. */
const IDLE_TIMER_MS = 35_000;

/** Whether conductor grows by the commands that it ran and the browsers that came and went. */
export async function memoryBench(): Promise<readonly BenchRow[]> {
  return [await execs(), await reconnects()];
}

async function execs(): Promise<BenchRow> {
  await using conductor = await startDaemon("conductor");
  const run = async (count: number) => {
    let left = count;
    const client = async () => {
      while (left-- > 0) {
        await post(`${conductor.origin}/v1/exec`, { command: "/bin/true" });
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    return await residentMiB(conductor.pid);
  };
  const before = await run(WARM_EXECS);
  return memoryRow({
    name: `memory after ${EXECS} more execs`,
    before: [before, `after ${WARM_EXECS}`],
    after: await run(EXECS),
    mostMiB: 15,
  });
}

async function reconnects(): Promise<BenchRow> {
  await using conductor = await startDaemon("conductor");
  let pairingKey: string | undefined;
  const connect = async (times: number) => {
    for (let i = 0; i < times; i++) {
      await using client = await ScriptedClient.connect(conductor.origin, {
        pairingKey,
      });
      pairingKey = client.pairingKey;
    }
    return await residentMiB(conductor.pid);
  };
  const before = await connect(WARM_RECONNECTS);
  await connect(RECONNECTS);
  await new Promise((resolve) => setTimeout(resolve, IDLE_TIMER_MS));
  return memoryRow({
    name: `memory after ${RECONNECTS} more reconnects of a browser`,
    before: [before, `after ${WARM_RECONNECTS}`],
    after: await residentMiB(conductor.pid),
    mostMiB: 10,
  });
}
