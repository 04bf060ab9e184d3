export { Records } from "./records.ts";
export { BrowserViewer } from "./view.ts";
