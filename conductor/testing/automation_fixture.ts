import { z } from "zod";
import { withImplied } from "../../shared/http/mod.ts";
import { Redactor } from "../../shared/redact.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import {
  countingIds,
  RecordingLogger,
  tempDir,
} from "../../shared/testing/fakes.ts";
import {
  type Automation,
  type AutomationOptions,
  composeAutomation,
} from "../automation/automation.ts";
import type { NewTask } from "../store/model/task.ts";
import {
  type RunContext,
  type TaskKind,
  taskKinds,
} from "../automation/task_kind.ts";
import type { RunOutcome } from "../store/model/run.ts";
import { openStore, type Store } from "../record/store.ts";

export const LEASE_MS = 15_000;

/** A run whose end the test decides. */
export interface FakeRun {
  readonly context: RunContext;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly end: (outcome: RunOutcome) => void;
}

/** A kind whose runs wait for the test, or for their signal. */
export class FakeKind implements TaskKind<Record<string, unknown>> {
  readonly kind = "fake";
  readonly summary = "Waits for the test";
  readonly scope = "exec";
  readonly payload = z.record(z.string(), z.unknown());
  readonly example = {};
  /** In the order of their start, ended ones too. */
  readonly runs: FakeRun[] = [];

  run(
    payload: Record<string, unknown>,
    context: RunContext,
  ): Promise<RunOutcome> {
    const { promise, resolve } = Promise.withResolvers<RunOutcome>();
    this.runs.push({ context, payload, end: resolve });
    context.signal.addEventListener("abort", () => {
      resolve(FAILED);
    }, { once: true });
    return promise;
  }

  /** The run that was started `index`-th, from 0. */
  at(index: number): FakeRun {
    const run = this.runs[index];
    if (run === undefined) throw new Error(`There is no run ${index}`);
    return run;
  }
}

export const OK: RunOutcome = {
  ok: true,
  code: null,
  message: null,
  result: { answer: 42 },
};

export const FAILED: RunOutcome = {
  ok: false,
  code: "BROKEN",
  message: "Cannot do it",
  result: null,
};

/** A task of the fake kind. */
export function newTask(rest: Partial<NewTask> = {}): NewTask {
  return {
    title: "a task",
    kind: "fake",
    payload: {},
    priority: 0,
    max_attempts: 1,
    labels: [],
    retry_lost: false,
    ...rest,
  };
}

/** Who makes the tasks of a test. */
export const AS_OWNER = { by: { scopes: withImplied(["admin"]) } };

/** Options of {@linkcode automationAt}. */
export interface FixtureOptions extends
  Partial<
    Pick<
      AutomationOptions,
      "width" | "retention" | "newId" | "leaseMs" | "isBackingUp"
    >
  > {
  readonly clock?: FakeClock;
  readonly instance?: string;
  readonly controller?: string;
  readonly enforcedAudit?: boolean;
  readonly path?: string;
}

/** One conductor's automation on a fake clock, not started yet. */
export interface Fixture extends Automation {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly kind: FakeKind;
  readonly log: RecordingLogger;
  /** Lets everything happen that needs no time to pass. */
  settle(): Promise<void>;
  /** Ends it as a crash would: nothing is written any more. */
  [Symbol.dispose](): void;
}

/** Composes automation on a database, by default one in memory. */
export function automationAt(options: FixtureOptions = {}): Fixture {
  const {
    clock = new FakeClock(),
    instance = "instance_1",
    controller = "mini-main",
    newId = countingIds(),
  } = options;
  const log = new RecordingLogger();
  const kind = new FakeKind();
  const store = openStore({
    path: options.path ?? ":memory:",
    identity: {
      controller_id: controller,
      instance_id: instance,
      host: "mini",
      version: "1.2.3",
    },
    enforcedAudit: options.enforcedAudit ?? false,
    newId,
    redactor: new Redactor(),
    clock,
    log,
  });
  const automation = composeAutomation({
    store,
    kinds: taskKinds([kind]),
    outputs: { makeFolder() {} },
    ...options,
    leaseMs: options.leaseMs ?? LEASE_MS,
    width: options.width ?? 2,
    retention: options.retention ?? { days: 30, rows: 1000 },
    about: () => ({ health: "ok", version: "1.2.3", uptime_ms: 7 }),
    newId,
    clock,
    log,
  });
  return {
    ...automation,
    store,
    clock,
    kind,
    log,
    async settle() {
      for (let turn = 0; turn < 4; turn++) await clock.advance(0);
    },
    [Symbol.dispose]: () => store.close(),
  };
}

/** Automation that has started and leads. */
export async function leading(options: FixtureOptions = {}): Promise<Fixture> {
  const fixture = automationAt(options);
  fixture.start();
  await fixture.settle();
  return fixture;
}

/** A folder with a database file that several conductors can use. */
export async function sharedDatabase() {
  const dir = await tempDir();
  return {
    folder: dir.path,
    path: dir.join("conductor.db"),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}
