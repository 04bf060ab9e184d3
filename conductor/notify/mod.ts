export { Notifier, TestOutcome } from "./notifier.ts";
