export { CapabilityLine, capabilityLines } from "./capabilities.ts";
export { curl, type CurlOptions } from "./curl.ts";
export { Endpoint, endpoint } from "./endpoint.ts";
export type { ExampleValues } from "./example_values.ts";
export { fields } from "./fields.ts";
export { openapi } from "./openapi.ts";
