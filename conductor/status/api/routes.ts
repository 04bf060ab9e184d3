import { z } from "zod";
import {
  describeRoutes,
  probeRoutes,
  type SelfDeps,
} from "../../../shared/daemon/mod.ts";
import type { PublicStatus } from "../contract.ts";
import { type Clock, isoTime } from "../../../shared/clock.ts";
import { AppError, ERRORS } from "../../../shared/errors.ts";
import {
  BareFailure,
  Reply,
  type Route,
  type RouteContext,
  routeFor,
  seesWork,
} from "../../../shared/http/mod.ts";
import { outagePage, statusPage } from "../page.ts";
import { PAGE_HEADERS } from "../style.ts";
import { STATE, STATUS, type Upstream } from "./upstream.ts";

/** What the wrapper's routes may use. */
interface StatusApiDeps extends SelfDeps {
  readonly upstream: Pick<Upstream, "base" | "read">;
  readonly clock: Clock;
}

const route = routeFor<StatusApiDeps>();

/** Reads conductor; of a failure strangers are told the code only. */
async function readFor(context: RouteContext<StatusApiDeps>) {
  try {
    return await context.deps.upstream.read();
  } catch (error) {
    if (seesWork(context) || !(error instanceof AppError)) throw error;
    throw new AppError(error.code);
  }
}

async function statusFor(context: RouteContext<StatusApiDeps>) {
  const { status } = await readFor(context);
  return seesWork(context) ? status : publicPart(status);
}

function publicPart(status: PublicStatus): PublicStatus {
  const { mode, health, version, uptime_ms } = status;
  return { mode, health, version, uptime_ms };
}

/** The table of contents of the wrapper: conductor's status, read-only. */
export const statusApiRoutes: readonly Route<StatusApiDeps>[] = [
  ...describeRoutes<StatusApiDeps>(),
  ...probeRoutes<StatusApiDeps>(),
  route({ ...STATUS, handler: statusFor }),
  route({
    id: "status.ui",
    method: "GET",
    path: "/v1/status/ui",
    kind: "read",
    surface: "business",
    exposure: "public",
    scope: "none",
    navigable: true,
    produces: "html",
    summary: "Show conductor's status to a person, or its silence",
    data: z.string(),
    async handler(context) {
      const source = "conductor, read by status-api";
      try {
        const status = await statusFor(context);
        return new Reply(statusPage(status, { source }), {
          headers: PAGE_HEADERS,
        });
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const at = isoTime(context.deps.clock.now());
        throw new BareFailure(
          ERRORS[error.code].status,
          outagePage(error.message, { source: "status-api", at }),
          { isPage: true, headers: PAGE_HEADERS },
        );
      }
    },
  }),
  route({
    ...STATE,
    async handler(context) {
      const { state, status } = await readFor(context);
      return seesWork(context) ? { ...state } : publicPart(status);
    },
  }),
];
