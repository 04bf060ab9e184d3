export {
  CapabilityLine,
  capabilityLines,
  RouteLine,
  routeLines,
  whyUnavailable,
} from "./capabilities.ts";
export { curl, type CurlOptions, type ExampleValues, pathOf } from "./curl.ts";
export { Endpoint, endpoint } from "./endpoint.ts";
export {
  ELSEWHERE,
  fields,
  inputObject,
  type JsonSchema,
  jsonSchema,
} from "./fields.ts";
export { openapi } from "./openapi.ts";
