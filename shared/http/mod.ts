export {
  ApiClient,
  type CallInput,
  type ClientOptions,
  type RequestOptions,
} from "./client.ts";
export { Attendance } from "./attendance.ts";
export * from "./dispatcher.ts";
export { knownKeys } from "./schema_keys.ts";
export { OVER_SOCKET, type SocketKey } from "./guard.ts";
export { ReaderStalled } from "./event_stream.ts";
export {
  limitQuery,
  schemaRefusal,
  sequenceQuery,
  waitQuery,
} from "./input.ts";
export type { Credentials, GuardConfig, Sessions } from "./guard.ts";
export { LastAnswer, lastAnswer } from "./last_answer.ts";
export { Lockout, tokenRefusal } from "./lockout.ts";
export { failure } from "./respond.ts";
export {
  BareFailure,
  contract,
  type FailedRequest,
  type HtmlPage,
  type Principal,
  Reply,
  type Route,
  type RouteContext,
  type RouteFacts,
  routeFor,
  type RouteInfo,
  type Schema,
  seesWork,
  type StreamEvent,
  TextReply,
  type Viewer,
  type WireError,
} from "./route.ts";
export { CLOSE, JsonSocket, type SocketPort } from "./socket.ts";
export { missingScope, type ScopeName, SCOPES, withImplied } from "./scopes.ts";
export { sameSecret } from "./token.ts";
