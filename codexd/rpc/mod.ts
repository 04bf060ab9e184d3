export {
  METHOD_NOT_FOUND,
  RpcBusy,
  type RpcCallOptions,
  RpcConnection,
  RpcError,
  RpcTimeout,
} from "./connection.ts";
export type {
  RpcId,
  RpcMessage,
  RpcNotification,
  RpcRequest,
} from "./message.ts";
export { LineTransport, type TransportOptions } from "./transport.ts";
