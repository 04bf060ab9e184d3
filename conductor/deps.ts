import type { HostOps } from "../host_ops/mod.ts";
import type { SelfDeps } from "../shared/daemon/self.ts";
import { routeFor } from "../shared/http/route.ts";

/** What conductor's routes may use: each feature brings its slice. */
export interface Deps extends SelfDeps {
  /** The role of this controller, as `/rolez` answers it. */
  readonly role: () => "leader" | "standby";
  readonly hostOps: Pick<
    HostOps,
    "executeCommand" | "streamCommand" | "readTextFile" | "writeTextFile"
  >;
}

/** Defines a route of conductor. */
export const route = routeFor<Deps>();
