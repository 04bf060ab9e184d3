import { assertEquals } from "@std/assert";
import { silentLogger } from "../../shared/testing/fakes.ts";
import type { SystemState } from "../store/mod.ts";
import { announceChanges } from "./system_port.ts";

Deno.test("announceChanges() looks at nothing while no browser is there, and tells the next one what is new", async () => {
  const left = new AbortController();
  let wake = Promise.withResolvers<void>();
  let isEmpty = true;
  let mode = "running";
  let looks = 0;
  const told: unknown[] = [];
  const over = announceChanges({
    get isEmpty() {
      return isEmpty;
    },
    announce: ({ automation }) => void told.push(automation),
  }, {
    system: {
      state() {
        looks++;
        return {
          automation: mode,
          drained: false,
          leader: null,
        } as unknown as SystemState;
      },
    },
    feed: { wait: () => wake.promise },
    log: silentLogger,
    signal: left.signal,
  });
  const commit = async () => {
    wake.resolve();
    wake = Promise.withResolvers();
    await new Promise((resolve) => setImmediate(resolve));
  };
  for (let i = 0; i < 3; i++) await commit();
  assertEquals([looks, told], [1, []]);
  isEmpty = false;
  await commit();
  assertEquals([looks, told], [2, []]);
  mode = "paused";
  await commit();
  await commit();
  assertEquals(told, ["paused"]);
  left.abort();
  await commit();
  await over;
});
