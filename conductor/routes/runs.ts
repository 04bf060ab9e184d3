import { z } from "zod";
import { NextCall } from "../../shared/next_call.ts";
import { Run, RunStatus } from "../store/mod.ts";
import { route } from "../deps.ts";
import { waitQuery } from "../../shared/http/mod.ts";
import {
  listAnswer,
  listData,
  PAGE_QUERY,
  refuseRunId,
  TOKEN_READ,
} from "./list.ts";
import { nextOfRun } from "./next.ts";
import { MAX_WAIT_MS } from "./poll.ts";

/** What one answer holds at most. */
const MAX_PART_BYTES = 4_194_304;

function number(fallback: string, [least, most]: readonly [number, number]) {
  const rule = `must be an integer from ${least} to ${most}`;
  return z.string().regex(/^[0-9]{1,16}$/, rule).default(fallback)
    .transform(Number).refine((it) => it >= least && it <= most, rule);
}

export const runRoutes = [
  route({
    ...TOKEN_READ,
    id: "runs.list",
    next: ["runs.read", "runs.output.read"],
    path: "/v1/runs",
    summary: "List runs, each an attempt at a task",
    query: z.strictObject({
      task_id: z.string().optional(),
      status: RunStatus.optional(),
      ...PAGE_QUERY,
    }),
    data: listData("runs", Run),
    example: { query: { limit: "20" } },
    handler({ deps, query: { limit, cursor, ...filter } }) {
      refuseRunId(deps, filter.task_id);
      return listAnswer("runs", deps.runs.list(filter, { limit, cursor }));
    },
  }),
  route({
    ...TOKEN_READ,
    id: "runs.read",
    path: "/v1/runs/:run_id",
    summary: "Read who ran it, when, how it ended",
    data: Run.extend({ next: z.array(NextCall) }),
    errors: ["NOT_FOUND"],
    example: { params: { run_id: "{run_id}" } },
    handler({ deps, params: { run_id } }) {
      const run = deps.tasks.run(run_id);
      return { ...run, next: nextOfRun(run, deps.tasks.get(run.task_id)) };
    },
  }),
  route({
    ...TOKEN_READ,
    exposure: "local",
    scope: "exec",
    id: "runs.output.read",
    path: "/v1/runs/:run_id/output",
    summary: "Read what a run prints, from any byte on",
    notes: [
      "Raw, nothing is hidden. content is text; where the bytes are none, content_base64 stands in its place. A character that is cut comes with the next part.",
      "To follow: offset=<next_offset of the answer before>&wait_ms=30000 until eof. exit is null while it runs.",
      "Kept while the run is, within BAA_OUTPUT_MAX_BYTES for all: then NOT_FOUND with reason expired, or gone where nobody saw its end.",
    ],
    query: z.strictObject({
      stream: z.enum(["stdout", "stderr"]).default("stdout"),
      offset: number("0", [0, Number.MAX_SAFE_INTEGER])
        .describe("Byte to begin at. Default 0."),
      max_bytes: number("65536", [1, MAX_PART_BYTES])
        .describe(`Bytes at most, up to ${MAX_PART_BYTES}. Default 65536.`),
      wait_ms: waitQuery(
        MAX_WAIT_MS,
        "Holds the answer until there is more, or the run has ended.",
      ),
    }),
    data: z.strictObject({
      run_id: z.string(),
      stream: z.enum(["stdout", "stderr"]),
      offset: z.int(),
      next_offset: z.int(),
      content: z.string().optional(),
      content_base64: z.string().optional(),
      size_bytes: z.int().describe("What there is by now."),
      running: z.boolean(),
      eof: z.boolean().describe("The run has ended and nothing comes behind."),
      exit: z.strictObject({
        status: RunStatus,
        code: z.string().nullable().describe("Why it did not succeed."),
        exit_code: z.int().nullable(),
        signal: z.string().nullable(),
      }).nullable(),
    }),
    errors: ["NOT_FOUND"],
    example: { params: { run_id: "{run_id}" } },
    handler({ deps, params: { run_id }, query, signal }) {
      const { stream, offset, max_bytes: maxBytes, wait_ms: waitMs } = query;
      const part = { stream, offset, maxBytes };
      return deps.runOutputs.read(run_id, { ...part, waitMs, signal });
    },
  }),
];
