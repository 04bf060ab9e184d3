import { z } from "zod";
import { LOGGED_SERVICES } from "../../shared/daemon_logs.ts";
import { TextReply } from "../../shared/http/mod.ts";
import { formatReadable, LOG_LEVELS } from "../../shared/log.ts";
import { route } from "../deps.ts";
import { ServiceLogEntry } from "../record/mod.ts";
import {
  afterOf,
  POLL_HEADERS,
  POLL_NOTE,
  POLL_QUERY,
  pollAnswer,
  pollData,
  TAIL_QUERY,
} from "./poll.ts";

export const logRoutes = [
  route({
    id: "logs.read",
    method: "GET",
    path: "/v1/logs",
    kind: "read",
    surface: "control",
    exposure: "local",
    scope: "admin",
    // Why there is one, they tell.
    answersInOutage: true,
    summary: "Read or poll what the daemons log",
    notes: [
      "Oldest first, both daemons' lines by their time. Without after: the last limit lines, as tail.",
      "seq is a place in both logs, no count; a filter may change while after goes on. gap: rotation has removed lines that were not read.",
      "A line that was cut or is none of a daemon is a warn with its text in fields.",
      POLL_NOTE,
    ],
    query: z.strictObject({
      ...POLL_QUERY,
      ...TAIL_QUERY,
      service: z.enum(LOGGED_SERVICES).optional()
        .describe("The lines of one daemon; default: of both."),
      level: z.enum(LOG_LEVELS).optional()
        .describe("At least so important; default: every line."),
      request_id: z.string().max(128).optional(),
      format: z.enum(["json", "text"]).default("json")
        .describe("text: readable lines; x-last-seq has last_seq."),
    }),
    data: pollData("entries", ServiceLogEntry),
    headers: POLL_HEADERS,
    errors: ["TOO_MANY_REQUESTS"],
    example: { query: { level: "warn", limit: "20" } },
    async handler({ deps: { logs }, query, headers, signal }) {
      const after = afterOf(headers, query, (it) => logs.placeOf(it));
      const limit = query.tail ?? query.limit;
      const poll = await logs.read({ ...query, after, limit }, signal);
      if (query.format === "json") return pollAnswer("entries", poll);
      const text = poll.items.map((it) => {
        const { seq: _, request_id, fields, ...line } = it;
        const shown = { ...request_id && { request_id }, ...fields };
        return `${formatReadable({ ...line, fields: shown })}\n`;
      }).join("");
      return new TextReply(text, { "x-last-seq": `${poll.last_seq}` });
    },
  }),
];
