import { PROOF_PREFIX, SUBPROTOCOL, TOKEN_PREFIX } from "../extension/mod.js";

const EXTENSION_ORIGIN =
  /^moz-extension:\/\/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Tells whether an upgrade with this `Origin` comes from a Firefox extension. */
export function isExtensionOrigin(origin: string): boolean {
  return EXTENSION_ORIGIN.test(origin);
}

/**
 * Reads what `Sec-WebSocket-Protocol` offers: `baa.v1`, and a proof,
 * `baa.proof.<clientId>.<clientNonce>.<mac>`, or from a program a token,
 * `baa.token.<base64url>` (a browser cannot set another header on an upgrade).
 */
export function readProtocols(header: string | null | undefined): {
  readonly selected: typeof SUBPROTOCOL | undefined;
  readonly token: string | undefined;
  readonly proof: OfferedProof | undefined;
} {
  const offered = (header ?? "").split(",").map((it) => it.trim());
  const after = (prefix: string) =>
    offered.find((it) => it.startsWith(prefix))?.slice(prefix.length);
  const [token, proof] = [after(TOKEN_PREFIX), after(PROOF_PREFIX)];
  return {
    selected: offered.includes(SUBPROTOCOL) ? SUBPROTOCOL : undefined,
    token: token === undefined ? undefined : decode(token),
    proof: proof === undefined ? undefined : readProof(proof),
  };
}

/** What a client offers to prove; nothing of it is believed yet. */
export interface OfferedProof {
  readonly clientId: string;
  readonly clientNonce: string;
  readonly mac: string;
}

/** One that cannot be read is a wrong one: it belongs to nobody. */
function readProof(text: string): OfferedProof {
  const [, id = "", clientNonce = "", mac = ""] =
    /^(.{1,400})\.([\w-]{16,128})\.([\w-]{43})$/.exec(text) ?? [];
  return { clientId: decodePercent(id), clientNonce, mac };
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
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
