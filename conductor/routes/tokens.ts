import { z } from "zod";
import { type Deps, route, unlessLeader } from "../deps.ts";
import { NamedToken, NewToken } from "../store/mod.ts";
import { listAnswer, listData, PAGE_QUERY } from "./list.ts";

const common = {
  surface: "control",
  exposure: "local",
  scope: "admin",
} as const;

/** Why no token can be made now. */
const unavailable = (deps: Deps) =>
  deps.tokens.unavailable ?? unlessLeader(deps);

/** Tokens for callers who may do less than the owner. */
export const tokenRoutes = [
  route({
    ...common,
    id: "tokens.list",
    method: "GET",
    path: "/v1/tokens",
    kind: "read",
    summary: "List named tokens, without their secrets",
    query: z.strictObject(PAGE_QUERY),
    data: listData("tokens", NamedToken),
    example: { query: { limit: "20" } },
    handler: ({ deps, query }) => listAnswer("tokens", deps.tokens.list(query)),
  }),
  route({
    ...common,
    id: "tokens.create",
    method: "POST",
    path: "/v1/tokens",
    kind: "write",
    summary: "Make a token that may do less than the owner",
    notes: [
      "token is shown in this answer and never again; send it as Authorization: Bearer, on this machine: through the public name it counts as none.",
      "name becomes the actor of its log lines and audit rows. scopes: at most those of the caller; files with write roots on the home amounts to exec.",
      "It expires with the token that makes it, or earlier, and is revoked with it; the owner's may last for ever. A task that it makes goes on after it.",
      "Without a shared token there are none: CONFLICT.",
    ],
    body: NewToken,
    data: NamedToken.extend({ token: z.string() }),
    status: [201],
    errors: ["CONFLICT", "NOT_LEADER", "NOT_READY"],
    example: { body: { name: "example", scopes: ["automate", "exec"] } },
    unavailable,
    auditTarget: ({ body: { name, scopes, expires_at } }) => ({
      name,
      scopes: scopes.join(" "),
      expires_at: expires_at ?? null,
    }),
    auditFacts: ({ token_id }) => ({ token_id }),
    handler: (context) => context.deps.tokens.create(context.body, context),
  }),
  route({
    ...common,
    id: "tokens.revoke",
    destructive: true,
    method: "DELETE",
    path: "/v1/tokens/:token_id",
    kind: "write",
    summary: "End a token, what it made and has open",
    notes: [
      "Requests, streams and sockets end at once, on another conductor of the same database within a second. A task outlives the token that made it: cancel it by itself.",
      "also_ended: the names of the tokens that were made with it, and with those; left out when there are none.",
    ],
    data: NamedToken.extend({ also_ended: z.array(z.string()).optional() }),
    errors: ["NOT_FOUND", "NOT_LEADER", "NOT_READY"],
    example: { params: { token_id: "{token_id}" } },
    unavailable: (deps) =>
      deps.tokens.isEmpty ? "there are no named tokens" : unlessLeader(deps),
    auditFacts: ({ name, also_ended = [] }) => ({
      name,
      also_ended: also_ended.join(" "),
    }),
    handler: ({ deps, params }) => deps.tokens.revoke(params.token_id),
  }),
];
