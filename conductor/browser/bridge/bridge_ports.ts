import type { AppError } from "../../../shared/errors.ts";
import type { SystemState } from "../../store/mod.ts";
import type { AnswerMessage, FromExtension } from "../contract.ts";
import type { Connection } from "./connection.ts";

/** The system service, as far as a browser may use it. */
export interface SystemPort {
  state(): SystemState;
  /** @throws {AppError} as the HTTP route would. */
  change(
    request: FromExtension<"action_request">,
    clientId: string,
  ): Promise<SystemState>;
}

/** A request that runs in a browser. */
export interface RunningRequest {
  receive(message: AnswerMessage): void;
  /** The browser reports on a cancel: it may not know the request. */
  cancelReported(aborted: boolean): void;
  /** Ends it for its caller, and has the browser abort it. */
  stop(error: AppError): Promise<boolean>;
  /** Ends it: the browser is gone, and its fetch with it. */
  lose(): void;
}

/** The requests that run over connections. */
export interface RequestsPort {
  /** Finds a request by its id, unless it runs over another connection. */
  find(id: string, connection: Connection): RunningRequest | undefined;
  of(connection: Connection): readonly RunningRequest[];
}

/** Takes what browsers report of themselves. May fail: a disk may be full. */
export interface RecordsPort {
  hello(clientId: string): void;
  clientInfo(message: FromExtension<"client_info">, clientId: string): void;
  tabs(message: FromExtension<"tabs">, clientId: string): void;
  credentials(message: FromExtension<"credentials">, clientId: string): void;
  endpoints(message: FromExtension<"api_endpoints">, clientId: string): void;
}
