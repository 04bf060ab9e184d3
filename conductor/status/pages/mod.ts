export { auditPage } from "./audit.ts";
export { browserPage } from "./browser.ts";
export { codexPage, type CodexReading } from "./codex.ts";
export { nodePage } from "./node.ts";
export { schedulesPage } from "./schedules.ts";
export { type PrintedEnd, taskPage } from "./task.ts";
export { type TaskQuery, tasksPage } from "./tasks.ts";
