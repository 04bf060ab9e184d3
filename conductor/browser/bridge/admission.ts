import { SUBPROTOCOL, TOKEN_PREFIX } from "../extension/mod.js";

const EXTENSION_ORIGIN =
  /^moz-extension:\/\/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Tells whether an upgrade with this `Origin` comes from a Firefox extension. */
export function isExtensionOrigin(origin: string): boolean {
  return EXTENSION_ORIGIN.test(origin);
}

/**
 * Reads `Sec-WebSocket-Protocol: baa.v1, baa.token.<base64url>`: whether the
 * client speaks our protocol, and the token that it presents there (a browser
 * cannot set another header on an upgrade).
 */
export function readProtocols(header: string | null | undefined): {
  readonly selected: typeof SUBPROTOCOL | undefined;
  readonly token: string | undefined;
} {
  const offered = (header ?? "").split(",").map((it) => it.trim());
  const carrier = offered.find((it) => it.startsWith(TOKEN_PREFIX));
  return {
    selected: offered.includes(SUBPROTOCOL) ? SUBPROTOCOL : undefined,
    token: carrier === undefined
      ? undefined
      : decode(carrier.slice(TOKEN_PREFIX.length)),
  };
}

function decode(text: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(
      Uint8Array.fromBase64(text, { alphabet: "base64url" }),
    );
  } catch {
    return undefined;
  }
}
