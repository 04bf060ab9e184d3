import { z } from "zod";
import { Reply } from "../../shared/http/mod.ts";
import {
  IDEMPOTENCY_KEY_RULE,
  idempotencyKeyOf,
} from "../../shared/idempotency.ts";
import {
  NewTask,
  Task,
  TaskDetail,
  TaskStatus,
  TaskSummary,
} from "../store/mod.ts";
import { route, unlessLeader } from "../deps.ts";
import { listAnswer, listData, PAGE_QUERY, TOKEN_READ } from "./list.ts";

export const taskRoutes = [
  route({
    ...TOKEN_READ,
    id: "tasks.list",
    path: "/v1/tasks",
    summary: "List tasks, newest first, without their payloads",
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
    method: "POST",
    path: "/v1/tasks",
    kind: "write",
    surface: "business",
    exposure: "local",
    scope: "automate",
    summary:
      "Queue a task that runs a command, a Codex turn or a browser request",
    notes: [
      "kind exec: payload is what the host operation exec takes (command or args, cwd, timeoutMs, maxBufferBytes, stdin, env); its output goes to the task's log.",
      "kind codex: payload is prompt, cwd, and session_id to continue a session. kind browser: payload is a browser request.",
      "The values of env and stdin are for the run alone: every answer shows *** in their place, and they are dropped from the database when the task has ended.",
      "Tasks start by priority (higher first), then age, not before not_before, while the mode is running.",
      "A failed attempt is tried again, after 1 s doubled each time, until max_attempts.",
      "timeout_ms ends an attempt: left out, after an hour; 0 or null: never. A timeoutMs in the payload means the same; both are INVALID_INPUT. effective_timeout_ms is what counts.",
      "An attempt that a crash or stop cut off is lost; it is tried again only with retry_lost: true.",
      "survive: true (kind exec): the command outlives conductor, which takes it up again when it is back; only a reboot loses it. Past max_output_bytes it is ended, looked at each second; while no daemon runs nobody looks.",
      "A named token needs automate and the scope of the kind: exec, codex or browser.",
      "With an Idempotency-Key, the same body gives the same task again, and another body is CONFLICT.",
    ],
    headers: { "idempotency-key": IDEMPOTENCY_KEY_RULE },
    body: NewTask,
    data: Task,
    status: 201,
    errors: ["CONFLICT", "SYSTEM_DRAINING", "NOT_LEADER", "NOT_READY"],
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
    auditTarget: ({ body }) => ({ kind: body.kind, title: body.title }),
    auditFacts: ({ task_id }) => ({ task_id }),
    async handler(context) {
      const { deps, body } = context;
      const key = idempotencyKeyOf(context);
      const { task, replayed } = await deps.tasks.create(body, {
        by: context,
        key,
      });
      return new Reply(task, {
        status: 201,
        headers: {
          location: `/v1/tasks/${task.task_id}`,
          ...(replayed && { "idempotency-replayed": "true" }),
        },
      });
    },
  }),
  route({
    ...TOKEN_READ,
    id: "tasks.read",
    path: "/v1/tasks/:task_id",
    summary: "Read a task with its payload and its latest run",
    data: TaskDetail,
    errors: ["NOT_FOUND"],
    example: { params: { task_id: "{task_id}" } },
    handler: ({ deps, params }) => deps.tasks.get(params.task_id),
  }),
  route({
    id: "tasks.cancel",
    method: "POST",
    path: "/v1/tasks/:task_id/cancel",
    kind: "write",
    surface: "business",
    exposure: "local",
    scope: "automate",
    summary:
      "End a task: a queued one at once, a running one with all it started",
    notes: [
      "Answers when the run has ended, or after 10 s. A task that has succeeded or failed is CONFLICT.",
    ],
    body: z.strictObject({}),
    bodyRule: "optional",
    data: TaskDetail,
    errors: ["NOT_FOUND", "CONFLICT", "NOT_LEADER", "NOT_READY"],
    example: { params: { task_id: "{live_task_id}" } },
    unavailable: unlessLeader,
    commitsWithIntent: true,
    handler: ({ deps, params, signal }) =>
      deps.tasks.cancel(params.task_id, signal),
  }),
];
