import type { CodexdStatus } from "../shared/contracts/codexd_status.ts";
import type { SelfDeps } from "../shared/daemon/self.ts";
import { routeFor } from "../shared/http/route.ts";
import type { EventSubscriptions } from "./sessions/event_subscriptions.ts";
import type { Requests } from "./sessions/requests.ts";
import type { SessionLister } from "./sessions/session_lister.ts";
import type { SessionReader } from "./sessions/session_reader.ts";

/** What codexd's routes may use. */
export interface Deps extends SelfDeps {
  readonly requests: Pick<Requests, "openSession" | "runTurn">;
  readonly lister: Pick<SessionLister, "list">;
  readonly reader: Pick<SessionReader, "read">;
  readonly subscriptions: Pick<EventSubscriptions, "accept">;
  status(): CodexdStatus;
  /** Why sessions and turns do not work now, and what to do. */
  codexFault(): string | undefined;
}

/** Defines a route of codexd. */
export const route = routeFor<Deps>();
