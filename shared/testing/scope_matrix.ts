import { assertEquals } from "@std/assert";
import { systemClock } from "../clock.ts";
import { codeOf } from "../errors.ts";
import { Guard, type GuardRequest } from "../http/guard.ts";
import type { Principal, Route } from "../http/route.ts";
import { type ScopeName, SCOPES } from "../http/scopes.ts";
import { silentLogger } from "./fakes.ts";

const BASE = new URL("http://127.0.0.1:4317");
const TOKEN = "the-owner-4711-x9k2";

/** Who may come, by the secret that each presents. */
const SECRETS = [
  "owner",
  "wrong",
  "none",
  "session",
  "wrong session",
  ...SCOPES,
] as const;
type Who = typeof SECRETS[number];

/** What each scope opens, written out once more: the test does not ask the code. */
const OPENS: Readonly<Record<ScopeName, readonly ScopeName[]>> = {
  read: ["read"],
  automate: ["read", "automate"],
  files: ["read", "files"],
  exec: ["read", "exec"],
  codex: ["read", "codex"],
  browser: ["read", "browser"],
  admin: ["read", "automate", "files", "exec", "codex", "browser", "admin"],
};

/** Registers the test of every route with every scope, in both zones, with a shared token and without. */
export function scopeMatrixTest<Deps>(
  name: string,
  routes: readonly Route<Deps>[],
): void {
  Deno.test(`${name}: every route asks each caller for its scope, in both zones`, () => {
    let rows = 0;
    for (const route of routes) {
      for (const zone of ["local", "public"] as const) {
        for (const hasToken of [true, false]) {
          for (const who of SECRETS) {
            assertEquals(
              outcomeOf(route, { who, zone, hasToken }),
              expected(route, { who, zone, hasToken }),
              `${route.id} ${zone} ${who} ${
                hasToken ? "with" : "without"
              } a token`,
            );
            rows++;
          }
        }
      }
    }
    assertEquals(rows, routes.length * 2 * 2 * SECRETS.length);
  });
}

interface Row {
  readonly who: Who;
  readonly zone: "local" | "public";
  /** Whether a shared token is set. */
  readonly hasToken: boolean;
}

/** `pass`, or the code of the refusal. */
function outcomeOf<Deps>(route: Route<Deps>, row: Row): string {
  const { who, zone, hasToken } = row;
  const guard = new Guard({
    base: BASE,
    publicBase: undefined,
    sessions: { identify: sessionOf },
    allowed: [],
    allowedOrigins: [],
    proxyAddresses: [],
    token: hasToken ? TOKEN : undefined,
    credentials: [{ identify: holderOf }],
  }, { clock: systemClock, log: silentLogger });
  const headers = new Map([["host", BASE.host]]);
  if (route.form) headers.set("origin", BASE.origin);
  if (zone === "public") headers.set("x-forwarded-for", "203.0.113.9");
  if (who.endsWith("session")) headers.set("cookie", who);
  else if (who !== "none") {
    headers.set("authorization", `Bearer ${secretOf(who)}`);
  }
  const request: GuardRequest = {
    method: route.method,
    headers,
    target: {
      authority: BASE.host,
      path: route.path,
      query: new URLSearchParams(),
    },
    requestId: "req_1",
    remoteAddress: "127.0.0.1",
  };
  try {
    guard.admit(request, route);
    return "pass";
  } catch (error) {
    return codeOf(error);
  }
}

/** What spec 70 says. */
function expected<Deps>(
  { exposure, scope, tokenless, path }: Route<Deps>,
  { who, zone, hasToken }: Row,
): string {
  const isOwner = hasToken && who === "owner";
  const isNamed = (SCOPES as readonly string[]).includes(who);
  if (zone === "public") {
    const isOpen = exposure === "public" || (exposure === "token" && isOwner);
    return isOpen ? "pass" : "NOT_EXPOSED";
  }
  const isSession = who === "session" && OPEN_TO_SESSIONS.test(path);
  if (exposure === "public" || isOwner || isSession) return "pass";
  if (isNamed) {
    return scope === "none" || OPENS[who as ScopeName].includes(scope)
      ? "pass"
      : "SCOPE_REQUIRED";
  }
  return !hasToken || tokenless === true ? "pass" : "UNAUTHORIZED";
}

/** Where the cookie of a session counts, written out once more. */
const OPEN_TO_SESSIONS = /^\/v1\/status\/(ui($|\/)|approvals\/:)/;

function sessionOf(headers: GuardRequest["headers"]): Principal | undefined {
  return headers.get("cookie") === "session"
    ? { actor: "owner", scopes: new Set(SCOPES), session: "s" }
    : undefined;
}

function secretOf(who: Who): string {
  return who === "owner" ? TOKEN : `secret-of-${who}`;
}

function holderOf(secret: string): Principal | undefined {
  const scope = SCOPES.find((it) => secretOf(it) === secret);
  return scope && { actor: `the-${scope}`, scopes: new Set(OPENS[scope]) };
}
