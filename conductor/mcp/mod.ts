export { answerMcp } from "./answer_mcp.ts";
