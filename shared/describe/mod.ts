export {
  CapabilityLine,
  capabilityLines,
  RouteLine,
  routeLines,
  whyUnavailable,
} from "./capabilities.ts";
export { curl, type CurlOptions, type ExampleValues } from "./curl.ts";
export { Endpoint, endpoint } from "./endpoint.ts";
export { ELSEWHERE, fields } from "./fields.ts";
export { openapi } from "./openapi.ts";
