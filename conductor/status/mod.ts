export { StatusAnswer } from "./contract.ts";
export { diskSpace } from "./disk.ts";
export { statusPage } from "./page.ts";
export * from "./pages/mod.ts";
export { Unread } from "./pieces.ts";
export { hero, shell } from "./shell.ts";
export { failurePage, RETURN_TO } from "./sign_in.ts";
export { StatusService } from "./status_service.ts";
export { FORM_PAGE_HEADERS, PAGE_HEADERS } from "./style.ts";
