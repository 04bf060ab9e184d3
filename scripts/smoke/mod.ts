export { browserSmoke } from "./browser_smoke.ts";
export { codexdSmoke } from "./codexd_smoke.ts";
