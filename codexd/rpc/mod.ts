export {
  type CallOptions,
  METHOD_NOT_FOUND,
  RpcBusy,
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
