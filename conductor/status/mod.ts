export { composeStatusApi } from "./api/compose.ts";
export {
  readStatusApiConfig,
  STATUS_API_SETTINGS,
  upstreamOf,
} from "./api/config.ts";
export { confine } from "./api/confine.ts";
export { StatusAnswer } from "./contract.ts";
export { diskSpace } from "./disk.ts";
export { statusPage } from "./page.ts";
export { StatusService } from "./status_service.ts";
export { PAGE_HEADERS } from "./style.ts";
