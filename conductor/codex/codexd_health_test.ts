import { assertEquals, assertMatch } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import { silentLogger } from "../../shared/testing/fakes.ts";
import { CodexdHealth } from "./codexd_health.ts";
import { FakeCodexd } from "./testing/fake_codexd.ts";

function watch(codexd: FakeCodexd) {
  const changes: string[] = [];
  let wake = () => {};
  const health = new CodexdHealth({
    api: codexd.api(),
    clock: systemClock,
    log: silentLogger,
    random: () => 0,
    onApproval() {},
    onChange(now, before) {
      changes.push(`${before} > ${now.state}`);
      wake();
    },
  });
  health.start();
  return {
    health,
    changes,
    /** Waits until so many changes have come. */
    async until(count: number): Promise<void> {
      while (changes.length < count) {
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    [Symbol.asyncDispose]: () => health.stop(),
  };
}

Deno.test("CodexdHealth calls codexd healthy, degraded with the reason, and healthy again, by its events", async () => {
  await using codexd = new FakeCodexd();
  await using it = watch(codexd);
  await it.until(1);
  assertEquals([it.health.away, it.health.unavailable], [undefined, undefined]);
  await codexd.followed();
  codexd.available = false;
  codexd.push({ type: "account.updated", session_id: null });
  await it.until(2);
  assertEquals(it.health.away, undefined);
  assertEquals(it.health.unavailable, "Codex is not logged in");
  codexd.available = true;
  codexd.push({ type: "app_server.state", session_id: null });
  await it.until(3);
  assertEquals(it.changes, [
    "unknown > healthy",
    "healthy > degraded",
    "degraded > healthy",
  ]);
});

Deno.test("CodexdHealth notices at once that codexd has gone, and soon that it is back", async () => {
  await using codexd = new FakeCodexd();
  await using it = watch(codexd);
  await it.until(1);
  await codexd.followed();
  codexd.hide();
  await it.until(2);
  assertMatch(it.health.away ?? "", /codexd at http:.* does not answer/);
  assertEquals(it.health.condition.status, null);
  codexd.show();
  await it.until(3);
  assertEquals(it.changes, [
    "unknown > healthy",
    "healthy > down",
    "down > healthy",
  ]);
});

Deno.test("CodexdHealth calls a codexd degraded that serves but does not tell its status", async () => {
  await using codexd = new FakeCodexd();
  codexd.refusals.set("/v1/codexd/status", {
    status: 401,
    code: "UNAUTHORIZED",
    message: "no",
  });
  await using it = watch(codexd);
  await it.until(1);
  assertEquals(it.changes, ["unknown > degraded"]);
  assertMatch(
    it.health.unavailable ?? "",
    /it refuses conductor with UNAUTHORIZED/,
  );
});
