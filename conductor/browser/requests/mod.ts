export { Exchanges } from "./exchanges.ts";
export { Platforms } from "./platforms.ts";
export { Policy } from "./policy.ts";
export { BrowserRequests } from "./requests.ts";
export { SseParser } from "./sse_parser.ts";
export { Targets } from "./targets.ts";
