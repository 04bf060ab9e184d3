import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import {
  browserChallenge,
  challengeQuery,
  isExtensionOrigin,
  readProtocols,
} from "../browser/mod.ts";
import { route } from "../deps.ts";

/** Sockets of unknown clients that may wait for their hello at once. */
const MAX_STRANGERS = 16;

const PROTOCOLS = "sec-websocket-protocol";

export const firefoxSocketRoutes = [
  route({
    id: "browser.challenge",
    method: "GET",
    path: "/v1/browser/challenge",
    kind: "read",
    surface: "business",
    exposure: "local",
    scope: "none",
    tokenless: true,
    summary: "Ask for the bridge's nonce",
    notes: [
      "Needs no token and shows no secret. The nonce is good once, for 30 s; it goes with the client_nonce that was given.",
      'identity_proof: base64url of HMAC-SHA-256(key, the JSON array ["identity", authority, client_nonce, nonce]) with key = SHA-256 of the JSON array ["baa.bridge", shared token]; without a token, the pairing key of client_id.',
      "Whoever knows the key can so tell conductor from somebody else on its port before anything is sent. Compare with the authority that you dialled, not with the one in the answer.",
      "403 HOST_NOT_ALLOWED: conductor does not hold that address itself (a name of BAA_ALLOWED_HOSTS), so that anybody could pass the proof on.",
    ],
    query: challengeQuery,
    data: browserChallenge,
    errors: ["HOST_NOT_ALLOWED"],
    example: { query: { client_nonce: "AAECAwQFBgcICQoLDA0ODw" } },
    allowsOrigin: isExtensionOrigin,
    handler: ({ deps, headers, query }) =>
      deps.browser.door.challenge(headers.get("host"), query),
  }),
  route({
    id: "browser.socket",
    method: "GET",
    path: "/ws/firefox",
    kind: "write",
    surface: "control",
    exposure: "local",
    // Who comes here is the browser, and sees what everybody asks of it.
    scope: "admin",
    produces: "websocket",
    summary: "The bridge that the Firefox extension dials",
    notes: [
      "An Origin must be moz-extension://<uuid>; a local program sends none. hello has to come first, within 5 s.",
      "Both ends prove that they know the key, and never send it: Sec-WebSocket-Protocol: baa.v1, baa.proof.<client id>.<client nonce>.<mac>, judged before the 101 and answered by hello_ack.proof. protocol tells the mac.",
      "The key is made of the shared token. A program (no Origin) may instead present a token: baa.v1, baa.token.<base64url of it>.",
      'Without a shared token: the first client is paired by itself and gets its key in hello_ack.pairingKey; a further one is closed with 4403 until POST /v1/browser/actions {"action":"pair"} opens pairing for two minutes.',
      "A client id belongs to the browser that had it first. Close codes: 4400 bad hello, 4403 not paired, 4408 no hello, 4409 replaced by a newer socket of the same client.",
    ],
    data: z.unknown(),
    protocol: ({ browser }) => browser.describe(),
    errors: ["HOST_NOT_ALLOWED", "TOO_MANY_REQUESTS"],
    allowsOrigin: isExtensionOrigin,
    tokenFrom: (headers) => readProtocols(headers.get(PROTOCOLS)).token,
    tokenless: (headers) =>
      readProtocols(headers.get(PROTOCOLS)).proof !== undefined,
    socket({ deps, headers }) {
      const { bridge, door } = deps.browser;
      const admitted = door.admit(headers);
      if (admitted.proven === undefined && bridge.strangers >= MAX_STRANGERS) {
        throw new AppError("TOO_MANY_REQUESTS", undefined, {
          headers: { "retry-after": "5" },
        });
      }
      const { selected } = readProtocols(headers.get(PROTOCOLS));
      return {
        ...(selected === undefined ? {} : { protocol: selected }),
        accept: (socket) => bridge.open(socket, admitted),
      };
    },
  }),
];
