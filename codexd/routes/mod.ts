import { describeRoutes, probeRoutes } from "../../shared/daemon/mod.ts";
import { capabilityLines } from "../../shared/describe/mod.ts";
import type { Route } from "../../shared/http/mod.ts";
import type { Deps } from "../deps.ts";
import { eventRoutes } from "./events.ts";
import { sessionRoutes } from "./sessions.ts";
import { statusRoutes } from "./status.ts";
import { turnRoutes } from "./turns.ts";

/** The table of contents of codexd's API. */
export const routes: readonly Route<Deps>[] = [
  ...describeRoutes<Deps>({
    capabilities: ({ routes, deps }) => ({
      read_endpoints: capabilityLines(routes, "read", deps),
      write_endpoints: capabilityLines(routes, "write", deps),
    }),
  }),
  ...probeRoutes<Deps>(),
  ...statusRoutes,
  ...sessionRoutes,
  ...turnRoutes,
  ...eventRoutes,
];
