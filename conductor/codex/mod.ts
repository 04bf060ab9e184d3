export { Codex } from "./codex.ts";
export { codexKind } from "./codex_kind.ts";
export type { RelayNews } from "./relay_events.ts";
export { CODEX_EVENTS } from "./poll_events.ts";
