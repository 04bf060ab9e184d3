import { TOKEN_PREFIX } from "../extension/sub_protocol.js";

/** Returns the sub-protocol by which a program, no browser, presents a token. */
export function tokenProtocol(token: string): string {
  return TOKEN_PREFIX + new TextEncoder().encode(token)
    .toBase64({ alphabet: "base64url", omitPadding: true });
}
