import { type Clock, isoTime } from "../../shared/clock.ts";
import type { Model, RateLimits } from "../../shared/contracts/mod.ts";
import type { CodexClient } from "./codex_client.ts";
import { AccountLimits } from "./protocol.ts";

/** What Codex offers: its models, and how much of the account's limits is used. */
export class Offer {
  readonly #clock: Clock;
  #models: readonly Model[] = [];
  #limits: RateLimits | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get models(): Model[] {
    return [...this.#models];
  }

  get limits(): RateLimits | null {
    return this.#limits;
  }

  /** Asks an app-server that has just begun. @throws {AppError} */
  async refresh(client: CodexClient, authMode: string | null): Promise<void> {
    this.#limits = null;
    this.#models = (await client.models()).map((it) => ({
      model: it.model,
      display_name: it.displayName ?? null,
      is_default: it.isDefault,
      efforts: it.supportedReasoningEfforts.map((it) => it.reasoningEffort),
      default_effort: it.defaultReasoningEffort ?? null,
      input_modalities: it.inputModalities,
    }));
    if (authMode === "chatgpt") this.limitsTold(await client.rateLimits());
  }

  /** Codex tells of limits, after each response of a model; often there are none. */
  limitsTold(told: unknown): void {
    const { data } = AccountLimits.safeParse(told);
    if (!data?.primary && !data?.secondary) return;
    this.#limits = {
      limit_id: data.limitId ?? null,
      primary: windowOf(data.primary),
      secondary: windowOf(data.secondary),
      told_at: isoTime(this.#clock.now()),
    };
  }
}

type Window = ReturnType<typeof AccountLimits.parse>["primary"];

function windowOf(window: Window): RateLimits["primary"] {
  if (!window) return null;
  const { usedPercent, windowDurationMins, resetsAt } = window;
  return {
    used_percent: usedPercent,
    window_minutes: windowDurationMins ?? null,
    resets_at: resetsAt ? isoTime(resetsAt * 1000) : null,
  };
}
