import { z } from "zod";
import { TextReply } from "../../shared/http/mod.ts";
import { Gap } from "../../shared/page.ts";
import { LogEntry, TaskStatus } from "../store/mod.ts";
import { route } from "../deps.ts";
import { TOKEN_READ } from "./list.ts";
import { NextCall } from "../../shared/next_call.ts";
import { nextAnswers, nextLines } from "./next.ts";
import {
  afterOf,
  POLL_HEADERS,
  POLL_NOTE,
  POLL_QUERY,
  pollAnswer,
  pollData,
  TAIL_QUERY,
} from "./poll.ts";

const LogsQuery = z.strictObject({
  ...POLL_QUERY,
  ...TAIL_QUERY,
  run_id: z.string().optional().describe("Only the lines of this attempt."),
  format: z.enum(["json", "text"]).default("json").describe(
    "text: the messages alone, a line each; x-last-seq has last_seq.",
  ),
});

export const taskLogRoutes = [
  route({
    ...TOKEN_READ,
    id: "tasks.logs.read",
    alsoText: true,
    path: "/v1/tasks/:task_id/logs",
    summary: "Read a task's log, or follow it live",
    notes: [
      POLL_NOTE,
      "tail=50 shows the end. Each attempt begins with a line of the stream system. status is the task's; next is empty when nothing comes any more.",
      "With Accept: text/event-stream: log events until the task has ended, then end. Last-Event-ID resumes after that line. open shows a line that has not ended, until the next open or log event of its stream.",
      "A command that prints faster than its log is written loses whole lines, never the last ones: a line log.dropped says how many.",
    ],
    query: LogsQuery,
    data: z.strictObject({
      task_id: z.string(),
      status: TaskStatus,
      ...pollData("entries", LogEntry).shape,
      next: z.array(NextCall),
    }),
    events: {
      log: LogEntry,
      open: z.strictObject({
        run_id: z.string(),
        stream: z.enum(["stdout", "stderr"]),
        message: z.string(),
      }),
      gap: Gap,
      end: z.strictObject({ task_id: z.string(), status: TaskStatus }),
    },
    headers: POLL_HEADERS,
    errors: ["NOT_FOUND", "TOO_MANY_REQUESTS"],
    example: { params: { task_id: "{task_id}" }, query: { limit: "20" } },
    async handler({ deps, params: { task_id }, query, headers, signal }) {
      const after = afterOf(headers, query, (it) => deps.taskLogs.placeOf(it));
      const wanted = { ...query, after };
      const part = await deps.held.until(
        () => deps.taskLogs.read(task_id, wanted),
        {
          ready: ({ items, gap, ended }) =>
            items.length > 0 || gap !== null || ended,
          waitMs: query.wait_ms,
          signal,
        },
      );
      const { status, ended, last_seq, next_cursor, items } = part;
      if (query.format === "text") {
        const text = items.map(({ message }) => `${message}\n`).join("");
        return new TextReply(text, { "x-last-seq": `${last_seq}` });
      }
      const isOver = ended && next_cursor === null;
      return {
        task_id,
        status,
        ...pollAnswer("entries", part),
        next: isOver ? [] : [
          nextLines(task_id, last_seq),
          ...nextAnswers(deps.tasks.get(task_id).waits_for),
        ],
      };
    },
    stream({ deps, params: { task_id }, query, headers, signal }) {
      const after = afterOf(headers, query, (it) => deps.taskLogs.placeOf(it));
      return deps.taskLogs.follow(task_id, { ...query, after }, signal);
    },
  }),
];
