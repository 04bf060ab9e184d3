import { z } from "zod";
import {
  FORM_PAGE_HEADERS,
  PAGE_HEADERS,
  StatusAnswer,
  statusPage,
} from "../status/mod.ts";
import { Reply, type RouteContext, seesWork } from "../../shared/http/mod.ts";
import { type Deps, route } from "../deps.ts";

/** What this caller may see: a stranger next to nothing. */
async function statusFor(context: RouteContext<Deps>) {
  const { status } = context.deps;
  return seesWork(context) ? await status.full() : status.public();
}

export const statusRoutes = [
  route({
    id: "status.get",
    method: "GET",
    path: "/v1/status",
    kind: "read",
    surface: "business",
    exposure: "public",
    scope: "none",
    answersInOutage: true,
    summary: "Read at a glance how the node is",
    notes: [
      "Mode, leader, queue, the last day's runs, the last errors, codexd, browser, disk, versions.",
      "Behind the public base, and without the token where one is set: mode, health, version and uptime only.",
    ],
    data: StatusAnswer,
    example: {},
    handler: statusFor,
  }),
  route({
    id: "status.ui",
    method: "GET",
    path: "/v1/status/ui",
    kind: "read",
    surface: "business",
    exposure: "public",
    scope: "none",
    answersInOutage: true,
    navigable: true,
    session: true,
    produces: "html",
    summary: "Show the status to a person",
    data: z.string(),
    handler: async (context) => {
      const isSignedIn = context.session !== undefined;
      const page = statusPage(await statusFor(context), {
        source: "conductor",
        leadsOn: context.zone === "local" && context.scopes.has("admin"),
        isSignedIn,
        maySignIn: context.zone === "local" && context.scopes.size === 0,
      });
      const headers = isSignedIn ? FORM_PAGE_HEADERS : PAGE_HEADERS;
      return new Reply(page, { headers });
    },
  }),
];
