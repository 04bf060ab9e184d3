import { z } from "zod";
import { Mode, ModeChange, PublicState, SystemState } from "../store/mod.ts";
import { seesWork, waitQuery } from "../../shared/http/mod.ts";
import { route, unlessLeader } from "../deps.ts";

const MAX_DRAIN_MS = 600_000;

const DrainQuery = z.strictObject({
  wait_ms: waitQuery(
    MAX_DRAIN_MS,
    "Holds the answer until drained.",
  ),
});

const change = {
  method: "POST",
  kind: "write",
  surface: "control",
  exposure: "token",
  scope: "automate",
  body: ModeChange,
  bodyRule: "optional",
  data: SystemState,
  errors: ["NOT_LEADER", "NOT_READY"],
  unavailable: unlessLeader,
  commitsWithIntent: true,
  auditTarget: ({ body }: { readonly body: ModeChange }) => ({
    requested_by: body.requested_by ?? null,
    reason: body.reason ?? null,
    ...(body.source !== undefined && { source: body.source }),
  }),
} as const;

/**
 * Who leads, and the mode of automation. Each change answers the latest state.
 * The examples, run in this order, leave automation running.
 */
export const systemRoutes = [
  route({
    id: "probe.rolez",
    method: "GET",
    path: "/rolez",
    kind: "read",
    surface: "control",
    exposure: "public",
    scope: "none",
    answersInOutage: true,
    produces: "text",
    summary: "Answer leader or standby",
    data: z.enum(["leader", "standby"]),
    handler: ({ deps }) => deps.role(),
  }),
  route({
    id: "system.state",
    method: "GET",
    path: "/v1/system/state",
    kind: "read",
    surface: "control",
    exposure: "public",
    scope: "none",
    summary: "Read the state of automation",
    notes: [
      "Through the public host name, and without the token where one is set: mode, health, version and uptime.",
    ],
    data: z.union([SystemState, PublicState]),
    handler(context) {
      const { system } = context.deps;
      return seesWork(context) ? system.state() : system.publicState();
    },
  }),
  route({
    ...change,
    id: "system.pause",
    idempotent: true,
    path: "/v1/system/pause",
    summary: "Start no more runs; tasks can be queued",
    example: { body: { requested_by: "human", reason: "manual_pause" } },
    handler: ({ deps, body }) =>
      deps.system.setMode(Mode.enum.paused, withSource(body)),
  }),
  route({
    ...change,
    id: "system.drain",
    idempotent: true,
    path: "/v1/system/drain",
    summary: "Start no more runs, refuse tasks, tell when done",
    notes: [
      "drained is true when the last run has ended; active_runs shows what still runs.",
    ],
    query: DrainQuery,
    example: {
      query: { wait_ms: "0" },
      body: { requested_by: "human", reason: "manual_drain" },
    },
    handler({ deps: { system, held }, body, query, signal }) {
      system.setMode(Mode.enum.draining, withSource(body));
      return held.until(() => system.state(), {
        ready: ({ mode, drained }) => mode !== "draining" || drained,
        waitMs: query.wait_ms,
        signal,
      });
    },
  }),
  route({
    ...change,
    id: "system.resume",
    idempotent: true,
    path: "/v1/system/resume",
    summary: "Start queued tasks again",
    example: { body: { requested_by: "human", reason: "manual_resume" } },
    handler: ({ deps, body }) =>
      deps.system.setMode(Mode.enum.running, withSource(body)),
  }),
];

function withSource(body: ModeChange): ModeChange {
  return { source: "http", ...body };
}
