import { assertEquals } from "@std/assert";
import { isoTime } from "../../../shared/clock.ts";
import { FakeClock } from "../../../shared/testing/fake_clock.ts";
import { Policy, type PolicyLimits } from "./policy.ts";
import { failureOf, NEVER } from "../testing/outcome.ts";

function createPolicy(limits: Partial<PolicyLimits> = {}, random = () => 0) {
  const clock = new FakeClock();
  const policy = new Policy(
    { maxInFlight: 100, spacingMs: 0, breakerFailures: 3, ...limits },
    { clock, random },
  );
  return { clock, policy };
}

Deno.test("Policy.admit() refuses beyond the number in flight, per platform", async () => {
  const { policy } = createPolicy({ maxInFlight: 2 });
  const first = await policy.admit("claude", NEVER);
  await policy.admit("claude", NEVER);
  const error = await failureOf(policy.admit("claude", NEVER));
  assertEquals(error.code, "TOO_MANY_REQUESTS");
  assertEquals(error.headers, { "retry-after": "1" });
  assertEquals(error.details?.reason, "too_many_in_flight");
  await policy.admit("gemini", NEVER);
  first.release(true);
  first.release(true);
  await policy.admit("claude", NEVER);
  assertEquals(
    (await failureOf(policy.admit("claude", NEVER))).code,
    "TOO_MANY_REQUESTS",
  );
});

Deno.test("Policy.admit() spaces requests out, with jitter", async () => {
  const { clock, policy } = createPolicy({ spacingMs: 200 }, () => 0.5);
  const starts: number[] = [];
  const begun = clock.monotonic();
  for (let i = 0; i < 4; i++) {
    void policy.admit("claude", NEVER)
      .then(() => starts.push(clock.monotonic() - begun));
  }
  await clock.advance(0);
  await clock.advance(1_000);
  assertEquals(starts, [0, 250, 500, 750]);
});

Deno.test("Policy.admit() sends away who would have to wait long", async () => {
  const { clock, policy } = createPolicy({ spacingMs: 60_000 });
  await policy.admit("claude", NEVER);
  const error = await failureOf(policy.admit("claude", NEVER));
  assertEquals(error.code, "TOO_MANY_REQUESTS");
  assertEquals(error.headers, { "retry-after": "60" });
  assertEquals(error.details?.reason, "too_soon");
  const [shown] = policy.view();
  assertEquals(shown?.next_request_at, isoTime(clock.now() + 60_000));
  assertEquals(error.details?.until, shown?.next_request_at);
  await clock.advance(60_000);
  assertEquals(policy.view()[0]?.next_request_at, null);
});

Deno.test("Policy.admit() opens the breaker after failures in a row", async () => {
  const { clock, policy } = createPolicy();
  for (const ok of [false, false, true, false, false, false]) {
    (await policy.admit("claude", NEVER)).release(ok);
  }
  const error = await failureOf(policy.admit("claude", NEVER));
  assertEquals(error.details?.reason, "circuit_open");
  assertEquals(error.headers, { "retry-after": "30" });
  assertEquals(policy.view()[0], {
    platform: "claude",
    in_flight: 0,
    failures_in_a_row: 3,
    breaker: "open",
    breaker_until: isoTime(clock.now() + 30_000),
    next_request_at: null,
    retry_after_ms: 30_000,
  });
  await clock.advance(30_000);
  assertEquals(policy.view()[0]?.breaker, "half_open");
});

Deno.test("Policy.admit() lets one request try while the breaker is half open", async () => {
  const { clock, policy } = createPolicy({ breakerFailures: 1 });
  (await policy.admit("claude", NEVER)).release(false);
  await clock.advance(30_000);
  const trial = await policy.admit("claude", NEVER);
  assertEquals(
    (await failureOf(policy.admit("claude", NEVER))).details?.reason,
    "circuit_open",
  );
  trial.release(false);
  assertEquals(policy.view()[0]?.retry_after_ms, 60_000, "twice as long");
  await clock.advance(60_000);
  (await policy.admit("claude", NEVER)).release(undefined);
  (await policy.admit("claude", NEVER)).release(true);
  assertEquals(policy.view()[0]?.breaker, "closed");
  assertEquals(policy.view()[0]?.failures_in_a_row, 0);
});

Deno.test("Policy remembers a bounded number of platforms", async () => {
  const { policy } = createPolicy();
  for (let i = 0; i < 1_000; i++) {
    (await policy.admit(`host-${i}`, NEVER)).release(false);
  }
  assertEquals(policy.view().length <= 256, true);
});
