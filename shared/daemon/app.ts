import type { AuditPort } from "../audit.ts";
import type { Clock } from "../clock.ts";
import {
  Catalog,
  Dispatcher,
  type DispatcherLimits,
  Guard,
  type GuardConfig,
  type Route,
} from "../http/mod.ts";
import { type NewId, randomId } from "../ids.ts";
import type { Logger } from "../log.ts";

/** What turns routes into an app. */
export interface AppOptions<Deps> {
  readonly routes: readonly Route<Deps>[];
  readonly deps: Deps;
  readonly guard: GuardConfig;
  readonly limits: DispatcherLimits;
  readonly audit: AuditPort;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId?: NewId;
}

/** Returns the app of a daemon: a function of requests that needs no port. */
export function createApp<Deps>(options: AppOptions<Deps>): Dispatcher<Deps> {
  const { routes, deps, limits, audit, clock, log, newId = randomId } = options;
  return new Dispatcher(new Catalog(routes), {
    deps,
    guard: new Guard(options.guard, { clock, log }),
    log,
    clock,
    newId,
    audit,
    limits,
  });
}
