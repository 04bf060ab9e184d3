import { z } from "zod";
import { sequenceQuery, type StreamEvent } from "../../shared/http/mod.ts";
import { EVENT_SCHEMAS } from "../store/mod.ts";
import { route } from "../deps.ts";
import type { EventNews } from "../record/mod.ts";
import { resumeAfter } from "./resume.ts";

/** A reader that says nothing else is shown what happened lately. */
const TAIL = 100;

export const eventRoutes = [
  route({
    id: "events.stream",
    method: "GET",
    path: "/v1/events",
    kind: "read",
    surface: "control",
    exposure: "local",
    produces: "sse",
    summary:
      "Follow what happens: changes of mode, lease, work, Codex and browser",
    notes: [
      `Begins with the last ${TAIL} events; after=0 begins with the oldest kept. Last-Event-ID resumes.`,
      "A gap event says which events are gone when retention has passed the reader's place.",
    ],
    query: z.strictObject({
      after: sequenceQuery.optional()
        .describe("Begin after the event with this seq."),
    }),
    data: z.string(),
    events: EVENT_SCHEMAS,
    headers: { "last-event-id": "The seq of the last event that was read." },
    stream({ deps: { events }, query, headers, signal }) {
      const after = resumeAfter(headers, query.after, () => events.tail(TAIL));
      return toEvents(events.follow(after, signal));
    },
  }),
];

async function* toEvents(
  news: AsyncIterable<EventNews>,
): AsyncGenerator<StreamEvent> {
  for await (const it of news) {
    yield it.type === "gap"
      ? { event: "gap", id: it.gap.to_seq, data: it.gap }
      : { event: it.event.type, id: it.event.seq, data: it.event };
  }
}
