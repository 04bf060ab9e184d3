import type { RouteContext } from "../../shared/http/mod.ts";
import { VERSION } from "../../shared/version.ts";
import { callTool } from "./call_tool.ts";
import { routeOfTool, toolsFor } from "./tools.ts";

/** While a call runs, whoever asked for its progress hears this often. */
const PROGRESS_MS = 1000;

/**
 * Answers one message of the Model Context Protocol, of either era, with no
 * session. The library, 23 MiB of memory, is loaded by the first.
 */
export async function answerMcp<Deps>(
  context: RouteContext<Deps>,
  { isAll }: { readonly isAll: boolean },
): Promise<Response> {
  const { createMcpHandler, ProtocolError, ProtocolErrorCode, Server } =
    await import("@modelcontextprotocol/server");
  const gone = new AbortController();
  context.hold(() => gone.abort());
  const left = AbortSignal.any([context.signal, gone.signal]);
  const handler = createMcpHandler(() => {
    const server = new Server({ name: "baa-conductor", version: VERSION }, {
      capabilities: { tools: {} },
    });
    server.setRequestHandler("tools/list", () => ({
      tools: toolsFor(context, isAll),
    }));
    server.setRequestHandler("tools/call", async ({ params }, { mcpReq }) => {
      const { name, arguments: args = {} } = params;
      const route = routeOfTool(context.routes, name);
      if (route === undefined) {
        throw new ProtocolError(
          ProtocolErrorCode.InvalidParams,
          `Cannot find the tool "${name}": POST /mcp?tools=all lists all`,
        );
      }
      const token = mcpReq._meta?.progressToken;
      const notify = (seconds: number) =>
        mcpReq.notify({
          method: "notifications/progress",
          params: {
            progressToken: token,
            progress: seconds,
            message: `${name} runs`,
          },
        });
      let ticks = 0;
      // Who has gone hears nothing more, and its signal ends the call.
      const timer = token === undefined
        ? undefined
        : setInterval(() => notify(++ticks).catch(() => {}), PROGRESS_MS);
      try {
        const signal = AbortSignal.any([left, mcpReq.signal]);
        return await callTool(route, args, { context, signal });
      } finally {
        clearInterval(timer);
      }
    });
    return server;
  }, { legacy: "stateless" });
  const headers = new Headers(context.headers);
  // It answers in either form as it sees fit.
  headers.set("accept", "application/json, text/event-stream");
  const request = new Request("http://localhost/mcp", {
    method: "POST",
    headers,
    signal: left,
  });
  return await handler.fetch(request, { parsedBody: context.body });
}
