import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { Run, RunStatus } from "../store/mod.ts";
import { route } from "../deps.ts";
import { listAnswer, listData, PAGE_QUERY, TOKEN_READ } from "./list.ts";

export const runRoutes = [
  route({
    ...TOKEN_READ,
    id: "runs.list",
    path: "/v1/runs",
    summary: "List runs, each an attempt at a task, newest first",
    query: z.strictObject({
      task_id: z.string().optional(),
      status: RunStatus.optional(),
      ...PAGE_QUERY,
    }),
    data: listData("runs", Run),
    example: { query: { limit: "20" } },
    handler: ({ deps, query: { limit, cursor, ...filter } }) =>
      listAnswer("runs", deps.runs.list(filter, { limit, cursor })),
  }),
  route({
    ...TOKEN_READ,
    id: "runs.read",
    path: "/v1/runs/:run_id",
    summary: "Read a run: who ran it, when, and how it ended",
    data: Run,
    errors: ["NOT_FOUND"],
    example: { params: { run_id: "{run_id}" } },
    handler({ deps, params: { run_id } }) {
      const run = deps.runs.get(run_id);
      if (run !== undefined) return run;
      const why = deps.tasks.has(run_id)
        ? `: it is a task; GET /v1/runs?task_id=${run_id} has its runs`
        : "";
      throw new AppError("NOT_FOUND", `Cannot find run "${run_id}"${why}`);
    },
  }),
];
