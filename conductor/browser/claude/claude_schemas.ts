import { z } from "zod";
import { identifier } from "../contract.ts";
import { actionData, requestBody, requestData } from "../http_schemas.ts";

const uuid = z.string().regex(/^[\w-]{1,128}$/);

/** The call that does the same without the wrapper. */
const modern = z.object({
  method: z.literal("POST"),
  path: z.string(),
  body: z.record(z.string(), z.unknown()),
});

const legacy = { deprecated: z.literal(true), modern };

/** `POST /v1/browser/claude/open` and `…/reload`, `GET /v1/browser/claude/current?…` */
export const claudeClientChoice = z.strictObject({
  client_id: identifier.optional(),
  container: requestBody.shape.container,
});
export type ClientChoice = z.output<typeof claudeClientChoice>;

export const claudeActionData = actionData.extend(legacy);
export type ClaudeActed = z.output<typeof claudeActionData>;

/** `POST /v1/browser/claude/send` */
export const claudeSendBody = z.strictObject({
  prompt: z.string().min(1).max(1_000_000).optional()
    .describe("required, here or as input"),
  input: z.string().min(1).max(1_000_000).optional()
    .describe("the same as prompt"),
  organization_id: uuid.optional(),
  conversation_id: uuid.optional(),
  model: z.string().min(1).max(128).optional(),
  request_id: identifier.optional(),
  ...claudeClientChoice.shape,
  timeout_ms: requestBody.shape.timeout_ms,
}).refine((it) => (it.prompt === undefined) !== (it.input === undefined), {
  path: ["prompt"],
  message: "give it once, as prompt or as input",
});
export type ClaudeSendBody = z.output<typeof claudeSendBody>;

export const claudeSendData = z.object({
  organization_id: z.string(),
  conversation_id: z.string(),
  /** The text of the reply, put together from Claude's events. */
  text: z.string(),
  response: requestData,
  ...legacy,
});
export type ClaudeSent = z.output<typeof claudeSendData>;

export const claudeCurrentData = z.object({
  organization_id: z.string(),
  conversation_id: z.string().nullable(),
  /** As Claude answers it. */
  conversation: z.unknown(),
  ...legacy,
});
export type ClaudeCurrent = z.output<typeof claudeCurrentData>;
