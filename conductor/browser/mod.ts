export { ACTION_TEXTS } from "./actions.ts";
export { isExtensionOrigin, readProtocols } from "./bridge/mod.ts";
export { type Browser, composeBrowser } from "./browser.ts";
export { browserKind } from "./browser_kind.ts";
export {
  claudeActionBody,
  claudeActionData,
  claudeCurrentData,
  claudeCurrentQuery,
  claudeSendBody,
  claudeSendData,
} from "./claude/mod.ts";
export {
  actionBody,
  actionData,
  browserQuery,
  type BrowserView,
  browserView,
  cancelBody,
  cancelData,
  requestBody,
  requestData,
  requestEvents,
} from "./http_schemas.ts";
