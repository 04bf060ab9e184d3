export { ACTION_TEXTS, actionScope } from "./actions.ts";
export { isExtensionOrigin, readProtocols } from "./bridge/mod.ts";
export { type Browser, composeBrowser } from "./browser.ts";
export { browserKind } from "./browser_kind.ts";
export * from "./claude/mod.ts";
export * from "./http_schemas.ts";
