export { StatusAnswer } from "./contract.ts";
export { diskSpace } from "./disk.ts";
export { statusPage } from "./page.ts";
export { StatusService } from "./status_service.ts";
export { PAGE_HEADERS } from "./style.ts";
