export { CapabilityLine, capabilityLines } from "./capabilities.ts";
export { curl, type CurlOptions, type ExampleValues } from "./curl.ts";
export { Endpoint, endpoint } from "./endpoint.ts";
export { fields } from "./fields.ts";
export { openapi } from "./openapi.ts";
