import { z } from "zod";
import { Reply } from "../../shared/http/mod.ts";
import { NewSchedule, Schedule, ScheduleSummary } from "../store/mod.ts";
import { route, unlessLeader } from "../deps.ts";
import { listAnswer, listData, PAGE_QUERY, TOKEN_READ } from "./list.ts";
import { created, CreatedTask } from "./tasks.ts";

const write = {
  kind: "write",
  surface: "business",
  exposure: "local",
  scope: "automate",
  unavailable: unlessLeader,
} as const;

/** Of what runs it or removes it: the one that the example of PUT made. */
const OWN = { params: { name: "{own_schedule}" } } as const;

/** Work that comes again: each due time makes a task. */
export const scheduleRoutes = [
  route({
    ...TOKEN_READ,
    id: "schedules.list",
    path: "/v1/schedules",
    summary: "List schedules, without payloads",
    query: z.strictObject(PAGE_QUERY),
    data: listData("schedules", ScheduleSummary),
    example: { query: { limit: "20" } },
    handler: ({ deps, query }) =>
      listAnswer("schedules", deps.schedules.list(query)),
  }),
  route({
    ...TOKEN_READ,
    id: "schedules.read",
    path: "/v1/schedules/:name",
    summary: "Read a schedule: next_at, last, missed",
    data: Schedule,
    errors: ["NOT_FOUND"],
    example: { params: { name: "{schedule}" } },
    handler: ({ deps, params }) => deps.schedules.get(params.name),
  }),
  route({
    ...write,
    id: "schedules.put",
    destructive: true,
    idempotent: true,
    next: ["schedules.read", "schedules.run"],
    method: "PUT",
    path: "/v1/schedules/:name",
    summary: "Make a task at each time of a cron line",
    notes: [
      "name: 1 to 64 of a-z 0-9 . _ -. A new one is 201, one that is replaced 200.",
      "cron has five fields of *, numbers, names, lists, ranges and steps; no seconds, years, L, W, # or @daily. task is what POST /v1/tasks takes, without not_before.",
      "A cron with every hour in it goes by the hours that pass. One that names hours goes by times of day: a time that daylight saving leaves out runs at the first moment after, one that it repeats runs once.",
      "Each due time is one task at most, with schedule and due_at. What could not start within grace_ms is missed: one event schedule.missed for an outage (from, to, count), and with misfire run_once one task. While paused due tasks are queued, while draining they are missed.",
      "overlap skip: no task while an earlier one has not ended, told by schedule.skipped. overlap queue: at most one waits.",
      "The values of env and stdin are kept, and shown as ***. It goes on when the token that made it has ended.",
      "A named token needs automate and the scope of the kind.",
    ],
    body: NewSchedule,
    data: Schedule,
    status: [200, 201],
    errors: ["NOT_LEADER", "NOT_READY"],
    example: {
      params: { name: "example" },
      body: {
        cron: "30 2 * * 1-5",
        timezone: "Europe/Berlin",
        task: {
          title: "Clean up",
          kind: "exec",
          payload: { command: "echo cleaned up" },
        },
      },
    },
    payloadFields: ({ tasks }, kind) => tasks.payloadFields(kind),
    auditTarget: ({ params, body }) => ({
      name: params.name,
      cron: body.cron,
      timezone: body.timezone ?? null,
      enabled: body.enabled,
      kind: body.task.kind,
      title: body.task.title,
    }),
    handler(context) {
      const { deps, params, body } = context;
      const put = deps.schedules.put(params.name, body, context);
      return new Reply(put.schedule, {
        status: put.created ? 201 : 200,
        headers: { location: `/v1/schedules/${params.name}` },
      });
    },
  }),
  route({
    ...write,
    id: "schedules.run",
    method: "POST",
    path: "/v1/schedules/:name/run",
    summary: "Make a task of a schedule now",
    notes: [
      "Also when it is not enabled, or when an earlier task has not ended. due_at is now.",
      "A named token needs automate and the scope of the kind.",
    ],
    body: z.strictObject({}),
    bodyRule: "optional",
    data: CreatedTask,
    status: [201],
    errors: ["NOT_FOUND", "SYSTEM_DRAINING", "NOT_LEADER", "NOT_READY"],
    example: OWN,
    auditFacts: ({ task_id }) => ({ task_id }),
    handler(context) {
      const { deps, params } = context;
      const task = deps.schedules.run(params.name, context);
      return created({ task, replayed: false });
    },
  }),
  route({
    ...write,
    id: "schedules.delete",
    destructive: true,
    method: "DELETE",
    path: "/v1/schedules/:name",
    summary: "Delete a schedule; its tasks stay",
    data: Schedule,
    errors: ["NOT_FOUND", "NOT_LEADER", "NOT_READY"],
    example: OWN,
    handler: ({ deps, params }) => deps.schedules.delete(params.name),
  }),
];
