import { z } from "zod";
import { Gap } from "../../shared/page.ts";
import { LogEntry, TaskStatus } from "../store/mod.ts";
import { route } from "../deps.ts";
import { listAnswer, listData, PAGE_QUERY, TOKEN_READ } from "./list.ts";
import { resumeAfter } from "./resume.ts";

export const taskLogRoutes = [
  route({
    ...TOKEN_READ,
    id: "tasks.logs.read",
    path: "/v1/tasks/:task_id/logs",
    summary: "Read a task's log, oldest line first, or follow it live",
    notes: [
      "With Accept: text/event-stream: log events until the task has ended, then end; it begins after the cursor. Last-Event-ID resumes after that line.",
    ],
    query: z.strictObject(PAGE_QUERY),
    data: z.strictObject({
      task_id: z.string(),
      ...listData("entries", LogEntry).shape,
    }),
    events: {
      log: LogEntry,
      gap: Gap,
      end: z.strictObject({ task_id: z.string(), status: TaskStatus }),
    },
    headers: { "last-event-id": "The seq of the last line that was read." },
    errors: ["NOT_FOUND"],
    example: { params: { task_id: "{task_id}" }, query: { limit: "20" } },
    handler: ({ deps, params: { task_id }, query }) => ({
      task_id,
      ...listAnswer("entries", deps.taskLogs.list(task_id, query)),
    }),
    stream({ deps, params: { task_id }, query: { cursor }, headers, signal }) {
      const after = resumeAfter(
        headers,
        cursor === undefined ? 0 : deps.taskLogs.placeOf(cursor),
        () => 0,
      );
      return deps.taskLogs.follow(task_id, after, signal);
    },
  }),
];
