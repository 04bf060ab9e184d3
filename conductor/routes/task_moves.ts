import { z } from "zod";
import {
  IDEMPOTENCY_KEY_RULE,
  idempotencyKeyOf,
} from "../../shared/idempotency.ts";
import { TaskDetail } from "../store/mod.ts";
import { route, unlessLeader } from "../deps.ts";
import { created, CreatedTask } from "./tasks.ts";

const move = {
  method: "POST",
  kind: "write",
  surface: "business",
  exposure: "local",
  scope: "automate",
  unavailable: unlessLeader,
} as const;

const CancelFilter = z.strictObject({
  label: z.string(),
  kind: z.string(),
  status: z.enum(["queued", "running"]),
}).partial().refine((it) => Object.keys(it).length > 0, {
  message: "must have at least one of label, kind and status",
});

/** What is done with tasks that are there. */
export const taskMoveRoutes = [
  route({
    ...move,
    id: "tasks.cancel",
    destructive: true,
    idempotent: true,
    path: "/v1/tasks/:task_id/cancel",
    summary: "End a task with all that it started",
    notes: [
      "Answers when the run has ended, or after 10 s. A task that has succeeded or failed is CONFLICT.",
    ],
    body: z.strictObject({}),
    bodyRule: "optional",
    data: TaskDetail,
    errors: ["NOT_FOUND", "CONFLICT", "NOT_LEADER", "NOT_READY"],
    example: { params: { task_id: "{live_task_id}" } },
    commitsWithIntent: true,
    handler: ({ deps, params, signal }) =>
      deps.tasks.cancel(params.task_id, signal),
  }),
  route({
    ...move,
    id: "tasks.cancel.many",
    destructive: true,
    idempotent: true,
    path: "/v1/tasks/cancel",
    summary: "End tasks by label, kind or status",
    notes: [
      "Give at least one; several must all hold. Tasks that come meanwhile are left alone.",
      "Answers when the runs have ended, or after 10 s.",
    ],
    body: CancelFilter,
    data: z.strictObject({ count: z.int(), task_ids: z.array(z.string()) }),
    errors: ["NOT_LEADER", "NOT_READY"],
    example: { body: { label: "example", status: "queued" } },
    auditTarget: ({ body: { label, kind, status } }) => ({
      label: label ?? null,
      kind: kind ?? null,
      status: status ?? null,
    }),
    auditFacts: ({ count }) => ({ count }),
    async handler({ deps, body, signal }) {
      const task_ids = await deps.tasks.cancelAll(body, signal);
      return { count: task_ids.length, task_ids };
    },
  }),
  route({
    ...move,
    id: "tasks.retry",
    path: "/v1/tasks/:task_id/retry",
    summary: "Queue again what an ended task did",
    notes: [
      "retry_of names the old one, which stays as it is. Everything is taken over but not_before.",
      "The values of env and stdin are not kept: a task that had them is retried only with them given anew in payload, else CONFLICT.",
      "A named token needs automate and the scope of the kind.",
    ],
    headers: { "idempotency-key": IDEMPOTENCY_KEY_RULE },
    body: z.strictObject({
      payload: z.strictObject({
        env: z.record(z.string(), z.string()),
        stdin: z.string(),
      }).partial().default({}),
    }),
    bodyRule: "optional",
    data: CreatedTask,
    status: [201],
    errors: [
      "NOT_FOUND",
      "CONFLICT",
      "SYSTEM_DRAINING",
      "NOT_LEADER",
      "NOT_READY",
    ],
    example: { params: { task_id: "{ended_task_id}" } },
    commitsWithIntent: true,
    auditFacts: ({ task_id }) => ({ task_id }),
    async handler(context) {
      const { deps, params: { task_id }, body: { payload } } = context;
      const key = idempotencyKeyOf(context);
      return created(
        await deps.tasks.retry(task_id, payload, { by: context, key }),
      );
    },
  }),
];
