export { ClaudeWrapper } from "./claude.ts";
export * from "./claude_schemas.ts";
