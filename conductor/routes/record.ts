import { z } from "zod";
import {
  AUDIT_FORMULA,
  AuditRow,
  EVENT_SCHEMAS,
  StoredEvent,
} from "../store/mod.ts";
import { route } from "../deps.ts";
import { auditFilter, AuditQuery } from "./audit_query.ts";
import { refuseRunId } from "./list.ts";
import { AuditVerdict, Backup } from "../record/mod.ts";
import {
  afterOf,
  POLL_HEADERS,
  POLL_NOTE,
  POLL_QUERY,
  pollAnswer,
  pollData,
} from "./poll.ts";

/** A reader that says nothing else is shown what happened lately. */
const TAIL = 100;

/** What has happened and what was done, and the copy of it all. */
export const recordRoutes = [
  route({
    id: "events.stream",
    method: "GET",
    path: "/v1/events",
    kind: "read",
    surface: "control",
    exposure: "local",
    scope: "read",
    summary: "Read or follow mode, lease, work, browser",
    notes: [
      POLL_NOTE,
      "Oldest first. Without after: the last limit events; after=0 begins with the oldest kept.",
      `With Accept: text/event-stream it follows, from the last ${TAIL} on, or behind after or Last-Event-ID.`,
      "A gap says which events are gone when retention has passed the reader's place.",
    ],
    query: z.strictObject(POLL_QUERY),
    data: pollData("events", StoredEvent),
    events: EVENT_SCHEMAS,
    headers: POLL_HEADERS,
    errors: ["TOO_MANY_REQUESTS"],
    example: { query: { limit: "20" } },
    async handler({ deps: { events, held }, query, headers, signal }) {
      const { limit, wait_ms: waitMs } = query;
      const after = afterOf(headers, query, (it) => events.placeOf(it)) ??
        events.tail(limit);
      const poll = await held.until(() => events.poll(after, limit), {
        ready: ({ items, gap }) => items.length > 0 || gap !== null,
        waitMs,
        signal,
      });
      return pollAnswer("events", poll);
    },
    stream({ deps: { events }, query, headers, signal }) {
      const after = afterOf(headers, query, (it) => events.placeOf(it)) ??
        events.tail(TAIL);
      return events.follow(after, signal);
    },
  }),
  route({
    id: "audit.list",
    method: "GET",
    path: "/v1/audit",
    kind: "read",
    surface: "control",
    exposure: "local",
    scope: "admin",
    summary: "List or poll what was done and how it ended",
    notes: [
      "Each write, exec and file operation has an intent row before it and an outcome row after it, with one entry_id.",
      "hash covers the row and the hash of the row before: edits show. Contents are never recorded.",
      POLL_NOTE,
    ],
    query: AuditQuery,
    data: pollData("entries", AuditRow),
    headers: POLL_HEADERS,
    errors: ["TOO_MANY_REQUESTS"],
    example: { query: { limit: "20" } },
    handler({ deps, query, routes, headers, signal }) {
      const { audit, held } = deps;
      const { limit, cursor, wait_ms: waitMs } = query;
      refuseRunId(deps, query.task_id);
      const filter = auditFilter(query, routes, audit);
      const after = afterOf(headers, query);
      const read = () =>
        after === undefined
          ? audit.list(filter, { limit, cursor })
          : audit.poll(filter, { after, limit });
      const ready = ({ items, gap }: ReturnType<typeof read>) =>
        items.length > 0 || gap !== null;
      return held.until(read, { ready, waitMs, signal })
        .then((poll) => pollAnswer("entries", poll));
    },
  }),
  route({
    id: "audit.verify",
    method: "GET",
    path: "/v1/audit/verify",
    kind: "read",
    surface: "control",
    exposure: "local",
    scope: "admin",
    summary: "Check the chain of the audit trail",
    notes: [
      "Reads every row, in small steps: about a second for 100 000. ok is false when a row was edited, removed, or cut off the end since this conductor wrote it.",
      "Who can write the database can write a whole new chain before conductor starts: keep head_seq and head_hash elsewhere to see that.",
    ],
    data: AuditVerdict.extend({
      formula: z.string().describe("How the hash of each row is made."),
    }),
    handler: async ({ deps }) => ({
      ...await deps.auditVerifier.verify(),
      formula: AUDIT_FORMULA,
    }),
  }),
  route({
    id: "system.backup",
    method: "POST",
    path: "/v1/system/backup",
    kind: "write",
    surface: "control",
    exposure: "local",
    scope: "admin",
    summary: "Write a copy of the database",
    notes: [
      "The copy is one file in the state folder's backups, verified before it gets its name. One is made each day at 03:00 local time, or at the start when one is due; seven of those are kept, and all that were asked for here.",
      "To restore it, stop conductor, move conductor.db and its -wal and -shm aside, and copy it to conductor.db.",
    ],
    data: Backup,
    errors: ["CONFLICT", "NOT_READY"],
    handler: ({ deps }) => deps.backups.create(),
  }),
];
