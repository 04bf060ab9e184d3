import { conductorMessage, extensionMessage } from "../contract.ts";
import { BROWSER_LIMITS, PROTOCOL_VERSION } from "../limits.ts";
import { fields } from "../../../shared/describe/mod.ts";
import type { Schema } from "../../../shared/http/mod.ts";
import { PROOF_PREFIX, SUBPROTOCOL, TOKEN_PREFIX } from "../extension/mod.js";
import { BRIDGE_CLOSE } from "./connection.ts";

/** Tells how to speak to the bridge: enough to write another client. */
export function describeBridge(options: {
  readonly url: string;
  readonly hasToken: boolean;
  readonly heartbeatMs: number;
}): Readonly<Record<string, unknown>> {
  return {
    url: options.url,
    version: PROTOCOL_VERSION,
    sub_protocols: [
      SUBPROTOCOL,
      `${PROOF_PREFIX}<client id>.<client nonce>.<mac>`,
      ...(options.hasToken
        ? [`${TOKEN_PREFIX}<base64url of the token>, from a program alone`]
        : []),
    ],
    proof: options.hasToken ? TOKEN_PROOF : PAIRING_PROOF,
    origin: "moz-extension://<uuid>, or none for a local program",
    first_message:
      "hello, within 5 s; the answer is hello_ack; then client_info and the rest",
    heartbeat_ms: options.heartbeatMs,
    limits: BROWSER_LIMITS,
    close_codes: BRIDGE_CLOSE,
    frames: "JSON text frames, one message a frame, told apart by type",
    answers: ANSWERS,
    messages: {
      from_extension: byType(extensionMessage.options, "input"),
      from_conductor: byType(conductorMessage.options, "output"),
    },
  };
}

const MAC =
  'base64url of HMAC-SHA-256(key, the JSON array [role, authority dialled, client nonce, nonce]): role "client" in the upgrade, "server" in hello_ack.proof, "identity" in identity_proof of GET /v1/browser/challenge?client_nonce=…, which gives the nonce';
const TOKEN_PROOF = {
  mac: MAC,
  key: 'SHA-256 of the JSON array ["baa.bridge", the shared token]',
};
const PAIRING_PROOF = {
  mac: MAC,
  key:
    "the bytes of hello_ack.pairingKey, which the first connection without a proof is given",
};

/** What a browser has to answer, by what it is sent. */
const ANSWERS = {
  ping: "pong",
  "open_tab, plugin_status and the other actions":
    "action_status with the same id",
  "api_request, buffered":
    "api_response with status and body or bodyBase64; or with chunked: true and then body_chunk messages; or with error {code, message}",
  "api_request, sse":
    "stream_open, stream_event …, then stream_end; or stream_error",
  request_cancel:
    'what the request ends with: api_response with error, or stream_error, code "canceled" when the fetch was aborted',
} as const;

/** The fields of each message, by its type. */
function byType(options: readonly Schema[], io: "input" | "output") {
  return Object.fromEntries(
    options.map((option) => {
      const { type = "", ...rest } = fields(option, io) ?? {};
      return [/"(\w+)"/.exec(type)?.[1] ?? type, rest];
    }),
  );
}
