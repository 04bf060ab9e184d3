import type { Clock } from "../../shared/clock.ts";
import type {
  Controller,
  ControllerStore,
  Page,
  PageRequest,
} from "../store/mod.ts";

/** Shows the conductor processes that use this database. */
export class ControllerService {
  readonly #controllers: Pick<ControllerStore, "list">;
  readonly #leaseMs: number;
  readonly #clock: Clock;

  constructor(
    options: {
      readonly controllers: Pick<ControllerStore, "list">;
      readonly leaseMs: number;
      readonly clock: Clock;
    },
  ) {
    this.#controllers = options.controllers;
    this.#leaseMs = options.leaseMs;
    this.#clock = options.clock;
  }

  /** Newest first. */
  list(page: PageRequest): Page<Controller> {
    const now = this.#clock.now();
    return this.#controllers.list(page, {
      now,
      silentSince: now - this.#leaseMs,
    });
  }
}
