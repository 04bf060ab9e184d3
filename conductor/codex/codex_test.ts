import { assertEquals } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import { silentLogger } from "../../shared/testing/fakes.ts";
import { until } from "../../shared/testing/until.ts";
import { Codex } from "./codex.ts";
import { FakeCodexd } from "./testing/fake_codexd.ts";

Deno.test("Codex records what is asked only while this process leads", async () => {
  await using codexd = new FakeCodexd();
  const recorded: unknown[] = [];
  const leads = [false, true];
  const codex = new Codex({
    base: new URL(codexd.origin),
    socket: codexd.socket,
    stateDir: codexd.stateDir,
    events: {
      record: (type, data) =>
        void (type === "codex.approval_requested" && recorded.push(data)),
    },
    held: {
      until: () => Promise.reject(new Error("nobody waits")),
      enter: () => new DisposableStack(),
      stopped: new AbortController().signal,
    },
    leads: () => leads.shift() ?? false,
    isLeft: () => false,
    clock: systemClock,
    log: silentLogger,
  });
  codex.health.start();
  await codexd.followed();
  codexd.ask("apr_1");
  codexd.ask("apr_2");
  await until(() => recorded.length);
  await codex.stop();
  assertEquals(
    recorded.map((it) => (it as { approval_id: string }).approval_id),
    ["apr_2"],
  );
});
