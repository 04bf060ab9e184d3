import { AppError } from "../errors.ts";

/** What a caller may do; each route names the one that it needs. */
export const SCOPES = [
  "read",
  "automate",
  "files",
  "exec",
  "codex",
  "browser",
  "admin",
] as const;

export type ScopeName = typeof SCOPES[number];

/** What a route asks of its caller: a scope, or nothing. */
export type RouteScope = "none" | ScopeName;

/** All scopes: the owner's. */
export const ALL_SCOPES: ReadonlySet<ScopeName> = new Set(SCOPES);

/** Returns all that `scopes` allow: `admin` implies the others, each other one `read`. */
export function withImplied(
  scopes: readonly ScopeName[],
): ReadonlySet<ScopeName> {
  if (scopes.includes("admin")) return ALL_SCOPES;
  return new Set(scopes.length === 0 ? [] : ["read", ...scopes]);
}

/** The refusal of whoever lacks `required`; undefined when it is held. */
export function missingScope(
  { scopes }: { readonly scopes: ReadonlySet<ScopeName> },
  required: RouteScope,
): AppError | undefined {
  if (required === "none" || scopes.has(required)) return undefined;
  return new AppError(
    "SCOPE_REQUIRED",
    `Cannot answer: the token lacks the scope "${required}"`,
    { details: { required, scopes: [...scopes] } },
  );
}
