import { z } from "zod";
import { route } from "../deps.ts";
import { type AppError, ERRORS } from "../../shared/errors.ts";
import { BareFailure } from "../../shared/http/mod.ts";
import { answerMcp } from "../mcp/mod.ts";

const REVISION = "2026-07-28";

export const mcpRoutes = [
  route({
    id: "mcp",
    method: "POST",
    path: "/mcp",
    // What a tool does its own route records.
    kind: "read",
    surface: "common",
    exposure: "local",
    scope: "read",
    produces: "document",
    summary: "Call these routes as MCP tools",
    notes: [
      `Stateless; revision ${REVISION}, and clients that begin with initialize. Tools are what the token may call; ?tools=all lists every route.`,
      "Calls are answered, audited and refused as those of their routes. A client that leaves ends what it did not detach.",
      "host_exec with timeoutMs 0, or above 50000, is a task from its start: it goes on when its client leaves.",
    ],
    query: z.strictObject({
      tools: z.enum(["all"]).optional().describe("all: not the core alone"),
    }),
    body: z.looseObject({
      jsonrpc: z.literal("2.0"),
      id: z.union([z.string(), z.int()]).optional(),
      method: z.string(),
      params: z.looseObject({}).optional(),
    }),
    bodyRule: "inner",
    bodyFailure: rpcFailure,
    data: z.unknown(),
    status: [200, 202],
    example: {
      headers: { "mcp-protocol-version": REVISION, "mcp-method": "tools/list" },
      body: {
        jsonrpc: "2.0",
        id: 1,
        method: "tools/list",
        params: {
          _meta: {
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientInfo": {
              name: "curl",
              version: "1",
            },
            "io.modelcontextprotocol/clientCapabilities": {},
          },
        },
      },
    },
    handler: (context) =>
      answerMcp(context, {
        isAll: context.query.tools === "all",
        clock: context.deps.clock,
      }),
  }),
];

/** As JSON-RPC 2.0 (5.1) answers what is no JSON, and what is no request, of which no id is known. */
function rpcFailure(
  { code, message, details, headers, hint }: AppError,
): BareFailure {
  const { status, remedy } = ERRORS[code];
  const usual = code === "INVALID_INPUT"
    ? "GET /describe/mcp has the fields, and an example."
    : remedy;
  const error = {
    code: code === "INVALID_JSON" ? -32700 : -32600,
    message,
    data: { code, hint: hint ?? usual, details },
  };
  return new BareFailure(
    status,
    JSON.stringify({ jsonrpc: "2.0", error, id: null }),
    {
      headers: {
        "content-type": "application/json; charset=utf-8",
        ...headers,
      },
    },
  );
}
