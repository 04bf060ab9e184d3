export { Codex } from "./codex.ts";
export { codexKind } from "./codex_kind.ts";
export { composeCodexd } from "./compose_codex.ts";
export type { RelayNews } from "./event_relay.ts";
