import {
  conductorMessage,
  extensionMessage,
} from "../../shared/contracts/browser.ts";
import {
  BROWSER_LIMITS,
  CLOSE,
  PROTOCOL_VERSION,
} from "../../shared/contracts/browser_limits.ts";
import { jsonSchema } from "../../shared/describe/fields.ts";
import { SUBPROTOCOL } from "./admission.ts";

/** Tells how to speak to the bridge: enough to write another client. */
export function describeBridge(options: {
  readonly url: string;
  readonly hasToken: boolean;
  readonly heartbeatMs: number;
}): Readonly<Record<string, unknown>> {
  return {
    enabled: true,
    path: "/ws/firefox",
    url: options.url,
    purpose:
      "The owner's Firefox extension dials it; conductor never dials a browser.",
    protocol: PROTOCOL_VERSION,
    sub_protocols: options.hasToken
      ? [SUBPROTOCOL, "baa.token.<base64url of the shared token>"]
      : [SUBPROTOCOL],
    origin: "moz-extension://<uuid>, or none for a local program",
    first_message: "hello, within 5 s; the answer is hello_ack",
    heartbeat_ms: options.heartbeatMs,
    limits: BROWSER_LIMITS,
    close_codes: CLOSE,
    frames: "JSON text frames, one message a frame, told apart by type",
    messages: MESSAGES,
  };
}

const MESSAGES = {
  from_extension: jsonSchema(extensionMessage, "input"),
  from_conductor: jsonSchema(conductorMessage, "output"),
};
