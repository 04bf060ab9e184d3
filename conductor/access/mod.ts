export * from "./form_keys.ts";
export * from "./named_tokens.ts";
export * from "./owner_sessions.ts";
