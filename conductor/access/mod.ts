export * from "./named_tokens.ts";
