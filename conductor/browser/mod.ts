export { ACTION_TEXTS } from "./actions.ts";
export { isExtensionOrigin, readProtocols } from "./bridge/admission.ts";
export type { Browser } from "./browser.ts";
export { browserKind } from "./browser_kind.ts";
export {
  claudeActionBody,
  claudeActionData,
  claudeCurrentData,
  claudeCurrentQuery,
  claudeSendBody,
  claudeSendData,
} from "./claude/claude_schemas.ts";
export { composeFirefox } from "./firefox.ts";
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
