import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { isExtensionOrigin, readProtocols } from "../browser/mod.ts";
import { route } from "../deps.ts";

/** Sockets that may wait for their hello at once. */
const MAX_STRANGERS = 16;

const PROTOCOLS = "sec-websocket-protocol";

export const firefoxSocketRoutes = [
  route({
    id: "browser.socket",
    method: "GET",
    path: "/ws/firefox",
    kind: "write",
    surface: "control",
    exposure: "local",
    scope: "browser",
    produces: "websocket",
    summary: "The bridge that the Firefox extension dials",
    notes: [
      "An Origin must be moz-extension://<uuid>; a local program sends none. hello has to come first, within 5 s.",
      "With a shared token: Sec-WebSocket-Protocol: baa.v1, baa.token.<base64url of the token>.",
      'Without: the first client is paired by itself; a further one is closed with 4403 until POST /v1/browser/actions {"action":"pair"} opens pairing for two minutes.',
      "Close codes: 4400 bad hello, 4401 wrong token, 4403 not paired, 4408 no hello, 4409 replaced by a newer socket of the same client.",
    ],
    data: z.unknown(),
    errors: ["TOO_MANY_REQUESTS"],
    allowsOrigin: isExtensionOrigin,
    tokenFrom: (headers) => readProtocols(headers.get(PROTOCOLS)).token,
    socket({ deps, headers }) {
      const { bridge } = deps.browser;
      if (bridge.strangers >= MAX_STRANGERS) {
        throw new AppError("TOO_MANY_REQUESTS", undefined, {
          headers: { "retry-after": "5" },
        });
      }
      const origin = headers.get("origin") ?? undefined;
      const { selected } = readProtocols(headers.get(PROTOCOLS));
      return {
        ...(selected === undefined ? {} : { protocol: selected }),
        accept: (socket) => bridge.open(socket, origin),
      };
    },
  }),
];
