import { z } from "zod";
import { StatusAnswer } from "../status/contract.ts";
import { Reply, type RouteContext } from "../../shared/http/route.ts";
import { type Deps, route } from "../deps.ts";
import { statusPage } from "../status/page.ts";
import { PAGE_HEADERS } from "../status/style.ts";

/** What this caller may see: a stranger on the public side next to nothing. */
async function statusFor(
  { zone, authenticated, deps }: RouteContext<Deps>,
) {
  return zone === "public" ? deps.status.public() : await deps.status.full({
    withContents: authenticated || !deps.self.hasToken,
  });
}

export const statusRoutes = [
  route({
    id: "status.get",
    method: "GET",
    path: "/v1/status",
    kind: "read",
    surface: "business",
    exposure: "public",
    summary: "Read at a glance how the node is",
    notes: [
      "Mode, leader, queue, the last day's runs, the last errors, codexd, browser, disk, versions.",
      "Behind the public base: mode, health, version and uptime only.",
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
    navigable: true,
    produces: "html",
    summary: "Show the status to a person: one page, no script",
    data: z.string(),
    handler: async (context) =>
      new Reply(
        statusPage(await statusFor(context), { source: "conductor" }),
        { headers: PAGE_HEADERS },
      ),
  }),
];
