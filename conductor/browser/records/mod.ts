export { Records } from "./records.ts";
export { BrowserViewer, type RecordAges } from "./view.ts";
