export { bareAddress, bareTitle } from "./addresses.js";
export { isCredentialName, withoutCredentials } from "./credential_names.js";
export { isHost, whyRefused } from "./target_rules.js";
