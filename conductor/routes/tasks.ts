import { z } from "zod";
import { Reply, waitQuery } from "../../shared/http/mod.ts";
import {
  IDEMPOTENCY_KEY_RULE,
  idempotencyKeyOf,
} from "../../shared/idempotency.ts";
import { NextCall } from "../../shared/next_call.ts";
import {
  LogEntry,
  NewTask,
  Run,
  Task,
  TaskDetail,
  TaskStatus,
  TaskSummary,
} from "../store/mod.ts";
import { route, unlessLeader } from "../deps.ts";
import { listAnswer, listData, PAGE_QUERY, TOKEN_READ } from "./list.ts";
import { nextOfTask } from "./next.ts";
import { MAX_WAIT_MS } from "./poll.ts";

/** What a task that was waited for shows of its log. */
const LAST_LINES = { tail: 20, limit: 20 } as const;

/** A task that was made; when it was waited for, how it ended. */
export const CreatedTask = Task.extend({
  latest_run: Run.nullable().optional(),
  waits_for: TaskDetail.shape.waits_for.optional(),
  log: z.strictObject({ entries: z.array(LogEntry), last_seq: z.int() })
    .optional(),
  next: z.array(NextCall),
});

/** Answers that a task was made. */
export function created(
  { task, replayed }: {
    readonly task: Omit<z.input<typeof CreatedTask>, "next">;
    readonly replayed: boolean;
  },
  { status }: { readonly status?: 202 } = {},
) {
  return new Reply({ ...task, next: nextOfTask(task) }, {
    ...(status && { status }),
    headers: {
      location: `/v1/tasks/${task.task_id}`,
      ...(replayed && { "idempotency-replayed": "true" }),
    },
  });
}

export const taskRoutes = [
  route({
    ...TOKEN_READ,
    id: "tasks.list",
    next: ["tasks.read", "tasks.logs.read"],
    path: "/v1/tasks",
    summary: "List tasks, without their payloads",
    query: z.strictObject({
      status: TaskStatus.optional(),
      kind: z.string().optional(),
      label: z.string().optional(),
      ...PAGE_QUERY,
    }),
    data: listData("tasks", TaskSummary),
    example: { query: { status: "running", limit: "20" } },
    handler: ({ deps, query: { limit, cursor, ...filter } }) =>
      listAnswer("tasks", deps.tasks.list(filter, { limit, cursor })),
  }),
  route({
    id: "tasks.create",
    next: ["tasks.read", "tasks.logs.read", "tasks.cancel"],
    method: "POST",
    path: "/v1/tasks",
    kind: "write",
    surface: "business",
    exposure: "local",
    scope: "automate",
    summary: "Queue a command, a Codex turn or a browser request",
    notes: [
      "kind exec: payload is what the host operation exec takes (command or args, cwd, timeoutMs, maxBufferBytes, stdin, env); its output goes to the task's log.",
      "kind codex: payload is prompt (or input), cwd, model, effort, output_schema, max_total_tokens, and session_id to continue a session. kind browser: payload is a browser request.",
      "The values of env and stdin are for the run alone: every answer shows *** in their place, and they are dropped from the database when the task has ended.",
      "Tasks start by priority (higher first), then age, not before not_before, while the mode is running. A lower one waits for as long as a higher one may start.",
      "A failed attempt is tried again, after 1 s doubled each time, until max_attempts.",
      "timeout_ms ends an attempt: left out, after an hour; 0 or null: never. A timeoutMs in the payload means the same; both are INVALID_INPUT. effective_timeout_ms is what counts.",
      "An attempt that a crash or stop cut off is lost; it is tried again only with retry_lost: true.",
      "survive: true (kind exec): the command outlives conductor, which takes it up again when it is back; only a reboot loses it. Past max_output_bytes it is ended, looked at each second; while no daemon runs nobody looks.",
      "A named token needs automate and the scope of the kind: exec, codex or browser.",
      `With wait_ms: 201 with the task as it ended, and its last ${LAST_LINES.tail} log lines in log; 202 with next when it goes on.`,
      "With an Idempotency-Key, the same body gives the same task again, and another body is CONFLICT.",
    ],
    headers: { "idempotency-key": IDEMPOTENCY_KEY_RULE },
    query: z.strictObject({
      wait_ms: waitQuery(
        MAX_WAIT_MS,
        "Holds the answer until the task has ended.",
      ),
    }),
    body: NewTask,
    data: CreatedTask,
    status: [201, 202],
    errors: [
      "CONFLICT",
      "SYSTEM_DRAINING",
      "NOT_LEADER",
      "NOT_READY",
      "TOO_MANY_REQUESTS",
    ],
    example: {
      body: {
        title: "Say hello",
        kind: "exec",
        payload: { command: "printf 'hello from a task'" },
        labels: ["example"],
      },
    },
    unavailable: unlessLeader,
    commitsWithIntent: true,
    payloadFields: ({ tasks }, kind) => tasks.payloadFields(kind),
    auditTarget: ({ body }) => ({ kind: body.kind, title: body.title }),
    auditFacts: ({ task_id }) => ({ task_id }),
    async handler(context) {
      const { deps, body, query: { wait_ms: waitMs } } = context;
      using place = waitMs > 0 ? deps.held.enter() : undefined;
      const key = idempotencyKeyOf(context);
      const made = await deps.tasks.create(body, { by: context, key });
      const { task_id } = made.task;
      if (waitMs === 0) return created(made);
      const task = await deps.held.until(() => deps.tasks.get(task_id), {
        ready: ({ finished_at }) => finished_at !== null,
        waitMs,
        signal: context.signal,
        place,
      });
      if (task.finished_at === null) {
        return created({ ...made, task }, { status: 202 });
      }
      const { items, last_seq } = deps.taskLogs.read(task_id, LAST_LINES);
      const log = { entries: [...items], last_seq };
      return created({ ...made, task: { ...task, log } });
    },
  }),
  route({
    ...TOKEN_READ,
    id: "tasks.read",
    next: ["tasks.logs.read", "runs.output.read", "tasks.retry"],
    path: "/v1/tasks/:task_id",
    summary: "Read a task, its payload, its latest run",
    notes: [
      "A running task of kind codex that waits for a person says so: waits_for, and in next the calls that answer.",
    ],
    data: TaskDetail.extend({ next: z.array(NextCall) }),
    errors: ["NOT_FOUND"],
    example: { params: { task_id: "{task_id}" } },
    handler({ deps, params }) {
      const task = deps.tasks.get(params.task_id);
      return { ...task, next: nextOfTask(task) };
    },
  }),
];
