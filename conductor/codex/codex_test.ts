import { assertEquals } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import { silentLogger } from "../../shared/testing/fakes.ts";
import { Codex } from "./codex.ts";
import { FakeCodexd } from "./testing/fake_codexd.ts";

Deno.test("Codex records what is asked only while this process leads", async () => {
  await using codexd = new FakeCodexd();
  const recorded: unknown[] = [];
  let leads = false;
  const codex = new Codex({
    base: new URL(codexd.origin),
    socket: codexd.socket,
    stateDir: codexd.stateDir,
    events: {
      record() {},
      recordAsked: ({ approval_id }) => void recorded.push(approval_id),
    },
    held: {
      until: () => Promise.reject(new Error("nobody waits")),
      enter: () => new DisposableStack(),
      stopped: new AbortController().signal,
    },
    leads: () => leads,
    isLeft: () => false,
    clock: systemClock,
    log: silentLogger,
  });
  codex.health.start();
  await codexd.followed();
  codexd.ask("apr_1");
  await codex.look();
  assertEquals(recorded, []);
  leads = true;
  await codex.look();
  await codex.stop();
  assertEquals(recorded[0], "apr_1");
});
