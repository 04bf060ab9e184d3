export { CapabilityLine, capabilityLines } from "./capabilities.ts";
export type { CurlOptions } from "./curl.ts";
export { curlIfPossible, Endpoint, endpoint } from "./endpoint.ts";
export { fields } from "./fields.ts";
export { openapi } from "./openapi.ts";
export type { Places } from "./places.ts";
