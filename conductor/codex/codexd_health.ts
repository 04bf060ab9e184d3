import { type Clock, isoTime } from "../../shared/clock.ts";
import {
  codexdHealthz,
  type CodexdStatus,
  codexdStatus,
  type CodexEvent,
} from "../../shared/contracts/mod.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { backoffMs, sleep } from "../../shared/wait.ts";
import type { CodexdApi } from "./codexd_api.ts";
import { EventSocket } from "./event_socket.ts";

const POLL_MS = 5000;
const RETRIES = { firstMs: 250, longestMs: 5000 };
const ANSWER_MS = 5000;

/** Events after which codexd is asked again at once. */
const NEWS = [
  "app_server.state",
  "account.updated",
  "approval.requested",
  "approval.resolved",
];

/**
 * Watches codexd: asks it again and again, less often while it is away, and at
 * once when its events say that something has changed. Never starts it.
 */
export class CodexdHealth {
  readonly #options: CodexdHealthOptions;
  readonly #stop = new AbortController();
  #condition: CodexdCondition;
  #socket: EventSocket | undefined;
  #hurry = new AbortController();
  #running: Promise<void> | undefined;
  #listening: Promise<void> | undefined;
  #asking: Promise<void> | undefined;
  #listenedAt = -Infinity;
  /** When codexd was last asked for the status that it told, in milliseconds. */
  #askedAt = -Infinity;
  /** How often in a row it refused since it was there; undefined: that is told. */
  #refusals: number | undefined;
  /** How far its events were heard. */
  #heard: number | undefined;

  constructor(options: CodexdHealthOptions) {
    this.#options = options;
    this.#condition = {
      state: "unknown",
      reason: "codexd has not been asked yet",
      since: isoTime(options.clock.now()),
      status: null,
    };
  }

  get condition(): CodexdCondition {
    return this.#condition;
  }

  /** Why nothing can be read; undefined when it can. */
  get away(): string | undefined {
    const { state, reason } = this.#condition;
    return state === "down" || state === "unknown"
      ? reason ?? "codexd is away"
      : undefined;
  }

  /** Why no session can be opened and no turn be run; undefined when they can. */
  get unavailable(): string | undefined {
    const { state, reason } = this.#condition;
    return state === "healthy" ? undefined : reason ?? `codexd is ${state}`;
  }

  /**
   * Whether an approval waits, as far as is known: what was asked for since
   * codexd told its status does.
   */
  isWaiting(approvalId: string, askedAt: number): boolean {
    const { status } = this.#condition;
    if (status === null) return false;
    return askedAt >= this.#askedAt ||
      status.approvals.items.some((it) => it.approval_id === approvalId);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Asks again now: somebody has just seen that it is away, or back. */
  hurry(): void {
    this.#hurry.abort();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#socket?.close();
    await this.#running;
    await this.#listening;
  }

  async #run(): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      this.#hurry = new AbortController();
      await this.ask();
      if (signal.aborted) return;
      let pause = POLL_MS;
      if (this.#condition.state === "down") {
        pause = backoffMs(++failures, { ...RETRIES, random });
      } else {
        failures = 0;
        if (this.#socket === undefined) this.#listening = this.#listen();
      }
      await sleep(clock, pause, AbortSignal.any([signal, this.#hurry.signal]));
    }
  }

  /** Asks codexd how it stands; those who ask at the same time share one answer. */
  ask(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Asks anew: what is being asked already may be answered from before now. */
  async refresh(): Promise<void> {
    await this.#asking;
    await this.ask();
  }

  async #ask(): Promise<void> {
    const { api, clock, onStatus } = this.#options;
    const { signal } = this.#stop;
    const options = { timeoutMs: ANSWER_MS, signal };
    const at = `codexd at ${api.base.origin}`;
    try {
      await api.call(codexdHealthz, {}, options);
    } catch (error) {
      const reason = `${at} does not answer: ${messageOf(error)}`;
      if (signal.aborted) return;
      this.#set("down", reason, null);
      this.#noticeCrash(reason);
      return;
    }
    this.#refusals = 0;
    try {
      const askedAt = clock.now();
      const status = await api.call(codexdStatus, {}, options);
      this.#askedAt = askedAt;
      const [reason = null] = status.degraded_reasons;
      if (status.available) this.#set("healthy", null, status);
      else this.#set("degraded", reason, status);
      onStatus?.(status, this.#socket !== undefined);
    } catch (error) {
      const reason = `${at} does not tell its status: ${messageOf(error)}`;
      if (!signal.aborted) this.#set("degraded", reason, null);
    }
  }

  /**
   * Who stops takes its socket away; behind one that is left, and refuses, nobody
   * is any more. Once may have been between two listeners.
   */
  #noticeCrash(reason: string): void {
    if (this.#refusals === undefined || !/connection refused/i.test(reason)) {
      return;
    }
    if (++this.#refusals < 2) return;
    this.#refusals = undefined;
    this.#options.onCrash?.();
  }

  /**
   * Holds a connection to the events for as long as it lasts; makes one no more
   * often than codexd is asked.
   */
  async #listen(): Promise<void> {
    const { api, clock, onApproval } = this.#options;
    const now = clock.monotonic();
    if (now - this.#listenedAt < POLL_MS) return;
    this.#listenedAt = now;
    this.#heard ??= this.#condition.status?.events.seq;
    const query = { after: this.#heard, types: NEWS.join() };
    const socket = new EventSocket(() => api.openEvents(query));
    this.#socket = socket;
    for await (const event of socket) {
      if (this.#stop.signal.aborted) break;
      this.#heard = event.seq;
      if (event.type.startsWith("approval.")) {
        await this.refresh();
        onApproval(event);
      } else this.hurry();
    }
    this.#socket = undefined;
    this.hurry();
  }

  #set(
    state: CodexdState,
    reason: string | null,
    status: CodexdStatus | null,
  ): void {
    const { clock, log, onChange } = this.#options;
    const before = this.#condition;
    const isSame = before.state === state && before.reason === reason;
    const since = isSame ? before.since : isoTime(clock.now());
    this.#condition = { state, reason, since, status };
    if (isSame) return;
    const previous = before.state;
    log.info("codexd's health has changed", { state, previous, reason });
    onChange(this.#condition, previous);
  }
}

/** How codexd stands, seen from here. */
type CodexdState = "unknown" | "healthy" | "degraded" | "down";

export interface CodexdCondition {
  readonly state: CodexdState;
  /** Why it is not healthy. */
  readonly reason: string | null;
  /** Since when it has been so; ISO 8601. */
  readonly since: string;
  /** What it said last; null when it does not answer. */
  readonly status: CodexdStatus | null;
}

interface CodexdHealthOptions {
  readonly api: Pick<CodexdApi, "call" | "openEvents" | "base">;
  readonly clock: Clock;
  readonly log: Logger;
  /** From 0 to 1: spreads attempts. Default `Math.random`. */
  readonly random?: () => number;
  onChange(now: CodexdCondition, before: CodexdState): void;
  /** Told that codexd has ended without a clean stop. */
  onCrash?(): void;
  /**
   * Told what codexd says of itself, each time it is asked, and whether its
   * events are followed.
   */
  onStatus?(status: CodexdStatus, isFollowed: boolean): void;
  /** Told of an approval's events, when the condition shows what they tell. */
  onApproval(event: CodexEvent): void;
}
