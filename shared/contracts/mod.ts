export * from "./codexd.ts";
export * from "./codexd_events.ts";
export * from "./codexd_key.ts";
export * from "./codexd_routes.ts";
export * from "./codexd_status.ts";
export * from "./codexd_turn.ts";
export * from "./codexd_usage.ts";
