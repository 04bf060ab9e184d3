import type { CodexdStatus } from "../shared/contracts/mod.ts";
import type { SelfDeps } from "../shared/daemon/mod.ts";
import { routeFor } from "../shared/http/mod.ts";
import type {
  EventSubscriptions,
  Requests,
  SessionLister,
  SessionReader,
} from "./sessions/mod.ts";

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
