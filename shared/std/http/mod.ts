// The package's own mod.js imports a file it does not ship, so the modules that
// work are named one by one.
// @ts-types="./mod.d.ts"
export { eTag, ifNoneMatch } from "npm:deno-std@1.4.0/http/etag.js";
// @ts-types="./mod.d.ts"
export { accepts } from "npm:deno-std@1.4.0/http/negotiation.js";
// @ts-types="./mod.d.ts"
export { STATUS_TEXT } from "npm:deno-std@1.4.0/http/status.js";
export type { StatusCode } from "./mod.d.ts";
