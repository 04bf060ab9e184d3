// The package's own mod.js imports a file it does not ship, so the modules that
// work are named one by one.
// @ts-types="./negotiation.d.ts"
export { accepts } from "npm:deno-std@1.4.0/http/negotiation.js";
// @ts-types="./server_sent_event_stream.d.ts"
export { ServerSentEventStream } from "npm:deno-std@1.4.0/http/server_sent_event_stream.js";
// @ts-types="./status.d.ts"
export { STATUS_TEXT } from "npm:deno-std@1.4.0/http/status.js";
export type { ServerSentEventMessage } from "./server_sent_event_stream.d.ts";
