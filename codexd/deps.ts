import type { SelfDeps } from "../shared/daemon/self.ts";
import { routeFor } from "../shared/http/route.ts";

/** What codexd's routes may use. */
export interface Deps extends SelfDeps {
  /** Why Codex cannot be used. */
  readonly codexFault: string;
}

/** Defines a route of codexd. */
export const route = routeFor<Deps>();
