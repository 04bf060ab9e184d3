import { MASK } from "../../shared/mask_secrets.ts";

/**
 * `env` and `stdin` are for the run alone: names are left of the one. A trigger
 * leaves the same in the row when the task ends.
 */
export function withoutValues<
  T extends { readonly env?: unknown; readonly stdin?: unknown },
>(payload: T): T {
  const { env, stdin } = payload;
  const names = typeof env === "object" && env !== null && !Array.isArray(env)
    ? Object.fromEntries(Object.keys(env).map((name) => [name, MASK]))
    : MASK;
  return {
    ...payload,
    ...((env ?? null) !== null && { env: names }),
    ...((stdin ?? null) !== null && { stdin: MASK }),
  };
}
