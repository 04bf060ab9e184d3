import { AppError, codeOf } from "../../../shared/errors.ts";
import { withImplied } from "../../../shared/http/mod.ts";
import {
  type Mode,
  NewSchedule,
  NewTask,
  type TaskStatus,
} from "../../../conductor/store/mod.ts";
import type { ConductorProcess } from "./conductor_process.ts";
import { commandLine } from "./machine.ts";
import type { Lane, Timeline } from "./timeline.ts";
import type { Profile } from "./profile.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";

const BY = { scopes: withImplied(["admin"]) };
const ACTOR = { name: "client", source: "http" } as const;
const PATIENCE_MS = 8000;
/** What is asked again, elsewhere or later. */
const AGAIN = [
  "NOT_LEADER",
  "NOT_READY",
  "SYSTEM_DRAINING",
  "TOO_MANY_REQUESTS",
];

/**
 * Who uses the two conductors, over a network that loses answers: each asks
 * until it is answered, and remembers what was acknowledged.
 */
export class Clients {
  /** By `Idempotency-Key`. */
  readonly tasks = new Map<string, AcknowledgedTask>();
  readonly canceled = new Set<string>();
  /** How tasks were seen to have ended. */
  readonly ended = new Map<string, TaskStatus>();
  readonly schedules = new Map<string, NewSchedule>();
  /** Those that were ever to run once for all that was missed. */
  readonly makeUp = new Set<string>();
  /** Tasks of schedules that were asked for by hand. */
  readonly madeByHand = new Set<string>();
  /** Their schedules, also when no answer came. */
  readonly runByHand = new Set<string>();
  /** How far each schedule was decided when it was ended. */
  readonly decidedTo = new Map<string, number>();
  readonly #world: Served;
  readonly #lane: Lane;
  /** Those whose work is not over. */
  readonly #requests = new Set<Request>();
  /** Which process did last what was asked: it is asked first, mostly. */
  #leader: string | undefined;
  #open = 0;
  #isSettling = false;

  constructor(world: Served, lane: Lane) {
    this.#world = world;
    this.#lane = lane;
  }

  start(): void {
    const { profile, random } = this.#world;
    const at = (what: string, action: () => Promise<void>) => {
      this.#open++;
      this.#lane.after(random.to(profile.ms), what, async () => {
        await action();
        this.#open--;
      });
    };
    for (let index = 0; index < profile.tasks; index++) {
      at("queues a task", () => this.#makeTask(`key${index}`));
    }
    for (let index = 0; index < profile.schedules; index++) {
      at("makes a schedule", () => this.#makeSchedule(`s${index}`));
    }
    if (profile.modes > 0) at("changes the mode", () => this.#changeModes());
  }

  /** Ends what goes on by itself; resolves when nothing is left to be done. */
  async settle(): Promise<void> {
    this.#isSettling = true;
    while (this.#open > 0 || this.#requests.size > 0) {
      if (this.#world.invariants.mode !== "running") {
        await this.#setMode("running");
      }
      await this.#pause(2000);
      this.#forgetDead();
    }
    await this.#setMode("running");
    for (const [name, schedule] of this.schedules) {
      await this.#ask(`ends ${name}`, ({ store, automation, clock }) => {
        const next = store.stores.schedules.get(name)?.next_at ?? null;
        const off = { ...schedule, enabled: false };
        automation.schedules.put(name, off, BY);
        if (next === null) return;
        this.decidedTo.set(name, Math.max(next, clock.now() + 1));
      });
    }
    let ms = 500;
    while (this.#world.invariants.unfinished() > 0) {
      await this.#pause(ms);
      ms = Math.min(ms * 1.2, 30_000);
    }
  }

  async #makeTask(key: string): Promise<void> {
    const { random } = this.#world;
    const body = NewTask.parse({
      title: key,
      kind: "exec",
      priority: random.to(3),
      max_attempts: random.between(1, 3),
      retry_lost: random.chance(0.5),
      labels: ["sim"],
      ...this.#command(),
    });
    const atOnce = body.survive === true && random.chance(0.3);
    const { task } = await this.#ask(
      `queues ${key}`,
      ({ automation }) =>
        automation.tasks.create(body, { by: BY, key, atOnce }),
    );
    const taskId = task.task_id;
    this.#world.trace.note(
      this.#world.timeline.now,
      "clients",
      `${key} is ${taskId}`,
    );
    this.tasks.set(key, { taskId, body });
    if (random.chance(0.3)) {
      await this.#pause(random.about(5000));
      await this.#cancel(taskId);
    }
    if (random.chance(0.5)) {
      await this.#pause(random.about(15_000));
      await this.#look(taskId);
    }
    if (random.chance(0.3)) {
      const again = await this.#ask(
        `queues ${key} again`,
        ({ automation }) =>
          automation.tasks.create(body, { by: BY, key, atOnce }),
      );
      if (again.task.task_id !== taskId) {
        this.#world.invariants.broken(
          `${key} was task ${taskId} and is ${again.task.task_id}`,
        );
      }
    }
  }

  #command() {
    const { random } = this.#world;
    const survive = random.chance(0.4);
    return {
      survive,
      payload: {
        command: commandLine({
          ms: random.about(random.pick([200, 4000, 12_000])),
          lines: random.to(6),
          code: random.chance(0.7) ? 0 : 1,
        }),
      },
      ...(random.chance(0.3) && { timeout_ms: random.about(6000) }),
    };
  }

  async #cancel(taskId: string): Promise<void> {
    const task = await this.#ask(
      `cancels ${taskId}`,
      ({ automation }) =>
        automation.tasks.cancel(taskId, new AbortController().signal)
          .catch((error) => {
            // It had ended.
            if (codeOf(error) === "CONFLICT") return undefined;
            throw error;
          }),
    );
    if (task?.status === "canceled") this.canceled.add(taskId);
  }

  async #look(taskId: string): Promise<void> {
    const { status, finished_at } = await this.#ask(
      `looks at ${taskId}`,
      ({ automation }) => automation.tasks.get(taskId),
    );
    if (finished_at !== null) this.ended.set(taskId, status);
  }

  async #makeSchedule(name: string): Promise<void> {
    const { random } = this.#world;
    const cron = random.pick(["* * * * *", "*/2 * * * *", "*/3 2 * * *"]);
    const timezone = random.pick([
      "Europe/Berlin",
      "America/New_York",
      "Australia/Lord_Howe",
      "UTC",
    ]);
    const grace_ms = random.pick([1000, 60_000, 900_000]);
    for (let times = random.between(1, 2); times > 0; times--) {
      const schedule = NewSchedule.parse({
        cron,
        timezone,
        grace_ms,
        misfire: random.pick(["skip", "run_once"]),
        overlap: random.pick(["skip", "queue"]),
        task: { title: name, kind: "exec", ...this.#command() },
      });
      if (schedule.misfire === "run_once") this.makeUp.add(name);
      await this.#ask(
        `puts ${name}`,
        ({ automation }) => automation.schedules.put(name, schedule, BY),
      );
      this.schedules.set(name, schedule);
      await this.#pause(random.about(30_000));
      if (random.chance(0.7)) continue;
      this.runByHand.add(name);
      const { task_id } = await this.#ask(
        `runs ${name}`,
        ({ automation }) => automation.schedules.run(name, BY),
      );
      this.madeByHand.add(task_id);
    }
  }

  async #changeModes(): Promise<void> {
    const { random, profile } = this.#world;
    for (let index = 0; index < profile.modes; index++) {
      await this.#setMode(random.pick(["paused", "draining", "running"]));
      await this.#pause(random.about(20_000));
    }
  }

  /** One at a time: whoever asks next has been answered. */
  async #setMode(mode: Mode): Promise<void> {
    await this.#ask(
      `sets ${mode}`,
      ({ automation }) => automation.system.setMode(mode, {}),
    );
    if (this.#isSettling) return;
    this.#forgetDead();
    // What was asked before, and is not over, may still change it.
    const mayChange = [...this.#requests].some(({ what }) =>
      what.startsWith("sets ")
    );
    if (!mayChange) this.#world.invariants.modeIs(mode);
  }

  async #ask<T>(what: string, work: Work<T>): Promise<T> {
    const { random, invariants } = this.#world;
    while (true) {
      const answer = await this.#send(what, work);
      this.#leader = undefined;
      if (answer !== undefined && "value" in answer) {
        this.#leader = answer.from;
        return answer.value;
      }
      const error = answer?.error;
      const isAgain = error === undefined ||
        (error instanceof AppError && AGAIN.includes(error.code));
      if (!isAgain) {
        const text = error instanceof Error ? error.stack : error;
        invariants.broken(`A client that ${what} was refused: ${text}`);
        throw error;
      }
      await this.#pause(random.about(1500));
    }
  }

  /** Undefined when no answer came. */
  #send<T>(what: string, work: Work<T>): Promise<Answer<T> | undefined> {
    const { random, processes, profile } = this.#world;
    return new Promise((resolve) => {
      const patience = this.#lane.after(
        PATIENCE_MS,
        "has waited enough",
        () => resolve(undefined),
      );
      const tell = (answer: Answer<T>) => {
        const isLost = random.to(100) < profile.lossPercent;
        if (isLost && !this.#isSettling) return;
        this.#lane.after(random.about(5), `is answered: ${what}`, () => {
          patience.cancel();
          resolve(answer);
        });
      };
      const isKnown = this.#leader !== undefined && random.chance(0.7);
      const process = isKnown
        ? processes.find((it) => it.instance === this.#leader)
        : processes[random.to(processes.length)];
      if (process === undefined) {
        this.#leader = undefined;
        return;
      }
      const request = { what, process };
      this.#requests.add(request);
      process.lane.after(random.about(5), what, async () => {
        try {
          const value = await this.#serve(process, { what, work });
          tell({ value, from: process.instance });
        } catch (error) {
          tell({ error });
        }
        this.#requests.delete(request);
      });
    });
  }

  /** As a route does: on record before and after. */
  #serve<T>(
    process: ConductorProcess,
    { what, work }: { readonly what: string; readonly work: Work<T> },
  ): Promise<T> {
    return process.work(async () => {
      if (!process.isUp) throw new AppError("NOT_READY");
      const entry = await process.begin(what, ACTOR);
      try {
        const value = await work(process);
        await entry.finish({ ok: true });
        return value;
      } catch (error) {
        await entry.finish({ ok: false, code: codeOf(error) });
        throw error;
      }
    });
  }

  #forgetDead(): void {
    for (const it of this.#requests) {
      if (it.process.isDead) this.#requests.delete(it);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) =>
      void this.#lane.after(ms, "goes on", resolve)
    );
  }
}

/** The world that they live in. */
interface Served {
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly random: Random;
  readonly profile: Profile;
  /** Those that may be asked. */
  readonly processes: readonly ConductorProcess[];
  readonly invariants: {
    readonly mode: string | undefined;
    broken(what: string): void;
    modeIs(mode: string): void;
    /** How many tasks, and notifications, are not over. */
    unfinished(): number;
  };
}

type Work<T> = (process: ConductorProcess) => T | Promise<T>;
type Answer<T> =
  | { readonly value: T; readonly from: string }
  | { readonly error: unknown };

interface Request {
  readonly what: string;
  readonly process: ConductorProcess;
}

interface AcknowledgedTask {
  readonly taskId: string;
  readonly body: NewTask;
}
