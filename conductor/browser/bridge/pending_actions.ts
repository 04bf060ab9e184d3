import type { FromConductor, FromExtension } from "../contract.ts";
import type { ExtensionAction } from "../limits.ts";
import type { Clock } from "../../../shared/clock.ts";
import { AppError } from "../../../shared/errors.ts";
import type { NewId } from "../../../shared/ids.ts";
import { PendingCalls } from "../../../shared/pending.ts";
import type { Connection } from "./connection.ts";

/** How long the extension may take for an action, a page's load included. */
const ACTION_MS = 30_000;

/** Actions that may wait for their reports at once. */
const MAX_PENDING = 64;

/** Actions that an extension was asked for and has not reported on. */
export class PendingActions {
  readonly #newId: NewId;
  readonly #calls: PendingCalls<string, ActionStatus>;

  constructor(ports: { readonly clock: Clock; readonly newId: NewId }) {
    this.#newId = ports.newId;
    this.#calls = new PendingCalls(ports.clock);
  }

  /** Asks, and resolves with what the extension reports. */
  ask(
    connection: Connection,
    action: ExtensionAction,
    facts: ActionFacts,
  ): Promise<ActionStatus> {
    if (this.#calls.size >= MAX_PENDING) {
      throw new AppError(
        "TOO_MANY_REQUESTS",
        `Cannot ask the browser: ${MAX_PENDING} actions wait already`,
      );
    }
    const id = this.#newId("act");
    const report = this.#calls.wait(key(connection, id), {
      timeoutMs: ACTION_MS,
      onTimeout: () =>
        new AppError(
          "UPSTREAM_TIMEOUT",
          `Cannot tell how "${action}" ended: no report within ${ACTION_MS} ms`,
        ),
      signal: connection.signal,
    });
    connection.send({ type: action, id, ...facts });
    return report;
  }

  receive(connection: Connection, status: ActionStatus): void {
    this.#calls.settle(key(connection, status.id), status);
  }
}

/** What an action is about. */
export type ActionFacts = Omit<FromConductor<ExtensionAction>, "type" | "id">;

type ActionStatus = FromExtension<"action_status">;

/** One browser cannot report for another. */
function key(connection: Connection, id: string): string {
  return `${connection.id} ${id}`;
}
