import type { Clock } from "../../../shared/clock.ts";
import type { FromExtension } from "../contract.ts";
import type { NewId } from "../../../shared/ids.ts";
import type { Logger } from "../../../shared/log.ts";

/** The state of the system as HTTP answers it; the bridge only passes it on. */
export type SystemState = Readonly<Record<string, unknown>>;

/** The system service, as far as a browser may use it. */
export interface SystemPort {
  state(): SystemState;
  /** @throws {AppError} as the HTTP route would. */
  change(
    request: FromExtension<"action_request">,
    clientId: string,
  ): SystemState | Promise<SystemState>;
}

/** A change of the bridge, for the event log. */
export interface BridgeEvent {
  readonly type:
    | "browser.connected"
    | "browser.disconnected"
    | "browser.paired";
  readonly client_id: string;
}

/** What the bridge is given. */
export interface BridgePorts {
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Logger;
  readonly system: SystemPort;
  emit(event: BridgeEvent): void;
}
