export { ClaudeWrapper } from "./claude.ts";
export {
  claudeActionBody,
  claudeActionData,
  claudeCurrentData,
  claudeCurrentQuery,
  claudeSendBody,
  claudeSendData,
} from "./claude_schemas.ts";
