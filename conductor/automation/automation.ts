import type { Clock } from "../../shared/clock.ts";
import type { NewId } from "../../shared/ids.ts";
import type { Logger } from "../../shared/log.ts";
import { within } from "../../shared/wait.ts";
import type { PageRequest } from "../../shared/page.ts";
import { RunStopped, type TaskKinds } from "./task_kind.ts";
import type { Controller, Page, WaitsFor } from "../store/mod.ts";
import { Leadership } from "./leadership.ts";
import { OpenLines } from "./open_lines.ts";
import { Retention } from "./retention.ts";
import { RunExecutor } from "./run_executor.ts";
import { RunLedger } from "./run_ledger.ts";
import { RunLogs } from "./run_logs.ts";
import type { RunOutputs } from "./run_outputs.ts";
import { ScheduleKeeper } from "./schedule_keeper.ts";
import { ScheduleService } from "./schedule_service.ts";
import { ScheduleTimer } from "./schedule_timer.ts";
import { Scheduler } from "./scheduler.ts";
import { SystemService, type SystemServiceOptions } from "./system_service.ts";
import { TaskLogService } from "./task_log_service.ts";
import { TaskService } from "./task_service.ts";
import type { Store } from "../record/mod.ts";

/** Automation, wired: what its routes use, and its life. */
export interface Automation {
  readonly leadership: Leadership;
  readonly system: SystemService;
  readonly tasks: TaskService;
  readonly schedules: ScheduleService;
  readonly taskLogs: TaskLogService;
  /** The conductor processes that use this database, newest first. */
  controllers(page: PageRequest): Page<Controller>;
  /** Registers, takes the lease if it is free, and begins to work. */
  start(): void;
  /** Starts no task any more. */
  quiesce(): void;
  /** Gives what runs the rest of its grace, then stops it and marks it lost. */
  stopWork(): Promise<void>;
  /** Gives the lease back. */
  release(): void;
}

/** Runs may end by themselves this long after a stop was asked for. */
const GRACE_MS = 5000;
/** The outcomes of stopped runs are waited for this long. */
const STOP_MS = 6000;

/** Wires automation. */
export function composeAutomation(options: AutomationOptions): Automation {
  const { store, leaseMs, clock } = options;
  // Each part takes of it what it needs.
  const parts = { ...options, ...store, ...store.stores };
  const wake = () => scheduler.wake();
  const ledger = new RunLedger(parts);
  const leadership = new Leadership({
    ...parts,
    onTerm: (fence, now) => ledger.beginTerm(fence, now),
  });
  const openLines = new OpenLines(clock);
  const logs = new RunLogs({ ...parts, leadership, openLines });
  const work = { ...parts, leadership, ledger };
  const onFree = () => {
    wake();
    options.onRunEnd?.();
  };
  const executor = new RunExecutor({ ...work, logs, onFree });
  const scheduler = new Scheduler({ ...work, executor });
  const retention = new Retention({ ...work, ...options.retention });
  const system = new SystemService(work);
  const tasks = new TaskService({ ...work, executor, onQueued: wake });
  const keeper = new ScheduleKeeper({ ...work, taskService: tasks });
  const dueTimes = new ScheduleTimer({ ...work, keeper, onQueued: wake });
  const schedules = new ScheduleService({
    ...work,
    keeper,
    taskService: tasks,
    onQueued: wake,
    onChange: () => dueTimes.wake(),
  });
  leadership.listen({
    gained() {
      scheduler.begin();
      dueTimes.wake();
      system.endOverdueDrain();
    },
    renewed: () => system.endOverdueDrain(),
    lost: (reason) => {
      scheduler.end();
      const message = `This controller leads no more: ${reason}`;
      void executor.stopAll(new RunStopped("RUN_LOST", message));
    },
  });
  system.onMode(() => {
    dueTimes.wake();
    wake();
  });
  let quietSince = 0;
  return {
    leadership,
    system,
    tasks,
    schedules,
    taskLogs: new TaskLogService({ ...parts, openLines }),
    controllers: (page) =>
      parts.controllers.list(page, { now: clock.now(), leaseMs }),
    start() {
      leadership.start();
      retention.start();
    },
    quiesce() {
      quietSince = clock.monotonic();
      scheduler.stop();
      dueTimes.stop();
      retention.stop();
    },
    async stopWork() {
      const goesOn = "The controller was stopped; what it started goes on";
      const left = executor.leave(new RunStopped("RUN_LOST", goesOn));
      if (left.length > 0) {
        options.log.info("Surviving runs go on without this controller", {
          run_ids: left.join(" "),
        });
      }
      const graceMs = quietSince + GRACE_MS - clock.monotonic();
      await within(executor.idle(), { ms: graceMs, clock });
      const message = "The controller was stopped while the run went on";
      const stopped = executor.stopAll(new RunStopped("RUN_LOST", message));
      await within(stopped, { ms: STOP_MS, clock });
    },
    release() {
      leadership.stop();
    },
  };
}

export interface AutomationOptions {
  readonly store: Store;
  readonly kinds: TaskKinds;
  readonly outputs: Pick<RunOutputs, "makeFolder">;
  readonly leaseMs: number;
  /** How many runs at once. */
  readonly width: number;
  readonly retention: { readonly days: number; readonly rows: number };
  readonly about: SystemServiceOptions["about"];
  readonly onRunEnd?: () => void;
  readonly isBackingUp?: () => boolean;
  /** Whether an answer is waited for still. Default: as its run tells. */
  readonly isWaiting?: (answer: WaitsFor) => boolean;
  readonly newId: NewId;
  readonly clock: Clock;
  readonly log: Logger;
}
