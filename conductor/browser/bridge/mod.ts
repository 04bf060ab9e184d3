export { isExtensionOrigin, readProtocols } from "./admission.ts";
export { Bridge } from "./bridge.ts";
export * from "./bridge_ports.ts";
export { Clients } from "./clients.ts";
export { BRIDGE_CLOSE, type Connection } from "./connection.ts";
export { Door } from "./door.ts";
export { describeBridge } from "./describe_bridge.ts";
export { Pairing } from "./pairing.ts";
export { type ActionFacts, PendingActions } from "./pending_actions.ts";
