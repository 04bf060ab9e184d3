import type { SelfDeps } from "../shared/daemon/mod.ts";
import { routeFor } from "../shared/http/mod.ts";
import type {
  EventSubscriptions,
  IdempotentRequests,
  SessionLister,
  SessionReader,
  StatusReport,
} from "./sessions/mod.ts";

/** What codexd's routes may use. */
export interface CodexdDeps extends SelfDeps {
  readonly requests: Pick<IdempotentRequests, "openSession" | "runTurn">;
  readonly lister: Pick<SessionLister, "list">;
  readonly reader: Pick<SessionReader, "read">;
  readonly subscriptions: Pick<EventSubscriptions, "accept">;
  readonly status: Pick<StatusReport, "read" | "fault">;
}

/** Defines a route of codexd. */
export const codexdRoute = routeFor<CodexdDeps>();
