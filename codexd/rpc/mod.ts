export {
  METHOD_NOT_FOUND,
  RpcBusy,
  type RpcCallOptions,
  RpcConnection,
  RpcError,
  RpcTimeout,
} from "./rpc_connection.ts";
export type {
  RpcId,
  RpcMessage,
  RpcNotification,
  RpcRequest,
} from "./rpc_message.ts";
export { LineTransport } from "./line_transport.ts";
