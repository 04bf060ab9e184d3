export { composeStatusApi } from "./compose.ts";
export {
  readStatusApiConfig,
  STATUS_API_SETTINGS,
  upstreamOf,
} from "./config.ts";
export { confine } from "./confine.ts";
