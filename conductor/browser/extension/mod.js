export { bareAddress, bareTitle } from "./addresses.js";
export { isCredentialName, withoutCredentials } from "./credential_names.js";
export { joinBytes } from "./join_bytes.js";
export { PROOF_PREFIX, SUBPROTOCOL, TOKEN_PREFIX } from "./sub_protocol.js";
export { isHost, whyRefused } from "./target_rules.js";
