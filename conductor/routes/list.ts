import { z } from "zod";
import { invalidInput } from "../../shared/errors.ts";
import { limitQuery } from "../../shared/http/mod.ts";
import type { Deps } from "../deps.ts";
import type { Page } from "../store/mod.ts";

export const PAGE_QUERY = {
  limit: limitQuery,
  cursor: z.string().optional()
    .describe("The next_cursor of the page before."),
};

/** What whoever has the token may read, also through the public host name. */
export const TOKEN_READ = {
  method: "GET",
  kind: "read",
  surface: "business",
  exposure: "token",
  scope: "read",
} as const;

/**
 * Refuses a run's id as the `task_id` that a list is filtered by: it would find
 * nothing, and not say why.
 * @throws {AppError} `INVALID_INPUT`
 */
export function refuseRunId(
  { runs }: Pick<Deps, "runs">,
  taskId: string | undefined,
): void {
  const run = taskId === undefined ? undefined : runs.get(taskId);
  if (run === undefined) return;
  const message = `must be a task's id; this is a run, of "${run.task_id}"`;
  throw invalidInput("task_id", message, {
    message: "Cannot accept the query",
  });
}

/** The data of a list whose items stand under `name`. */
export function listData<N extends string, T extends z.ZodType>(
  name: N,
  item: T,
) {
  return z.strictObject({
    count: z.int(),
    ...{ [name]: z.array(item) } as Record<N, z.ZodArray<T>>,
    next_cursor: z.string().nullable(),
  });
}

export function listAnswer<N extends string, T>(name: N, page: Page<T>) {
  return {
    count: page.items.length,
    ...{ [name]: [...page.items] } as Record<N, T[]>,
    next_cursor: page.next_cursor,
  };
}
