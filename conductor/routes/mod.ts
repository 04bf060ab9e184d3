import { describeRoutes } from "../../shared/daemon/describe_routes.ts";
import { probeRoutes } from "../../shared/daemon/probe_routes.ts";
import type { Route } from "../../shared/http/route.ts";
import type { Deps } from "../deps.ts";
import { capabilities, capabilityRoutes } from "./capabilities.ts";
import { hostRoutes } from "./host.ts";
import { roleRoutes } from "./role.ts";

/** The table of contents of conductor's API. */
export const routes: readonly Route<Deps>[] = [
  ...describeRoutes<Deps>({ capabilities }),
  ...capabilityRoutes,
  ...probeRoutes<Deps>(),
  ...roleRoutes,
  ...hostRoutes,
];
