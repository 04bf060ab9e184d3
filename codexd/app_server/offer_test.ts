import { assertEquals } from "@std/assert";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { CodexClient } from "./codex_client.ts";
import { Offer } from "./offer.ts";

const WINDOW = {
  usedPercent: 42,
  windowDurationMins: 300,
  resetsAt: 1_800_000_000,
};

/** A client whose app-server answers by method. */
function client(answers: Readonly<Record<string, unknown>>): CodexClient {
  return new CodexClient({
    call: (method) => Promise.resolve(answers[method]),
    notify() {},
  });
}

Deno.test("Offer.refresh() reads models with their efforts, and limits of a ChatGPT login", async () => {
  const offer = new Offer(new FakeClock());
  const codex = client({
    "model/list": {
      data: [{
        model: "m",
        displayName: "M",
        isDefault: true,
        supportedReasoningEfforts: [{ reasoningEffort: "low" }],
        defaultReasoningEffort: "low",
        inputModalities: ["text"],
      }],
    },
    "account/rateLimits/read": {
      rateLimits: { limitId: "codex", primary: WINDOW, secondary: null },
    },
  });
  await offer.refresh(codex, "apiKey");
  assertEquals(offer.models, [{
    model: "m",
    display_name: "M",
    is_default: true,
    efforts: ["low"],
    default_effort: "low",
    input_modalities: ["text"],
  }]);
  assertEquals(offer.limits, null);
  await offer.refresh(codex, "chatgpt");
  assertEquals(offer.limits?.primary, {
    used_percent: 42,
    window_minutes: 300,
    resets_at: "2027-01-15T08:00:00.000Z",
  });
});

Deno.test("Offer.limitsTold() keeps the last limits, and passes over what tells none", () => {
  const offer = new Offer(new FakeClock());
  offer.limitsTold({ limitId: "codex", primary: null, secondary: WINDOW });
  offer.limitsTold({ limitId: "codex", primary: null, secondary: null });
  offer.limitsTold("nothing known");
  assertEquals(offer.limits?.secondary?.used_percent, 42);
});
