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
  const {
    createMcpHandler,
    isLegacyRequest,
    ProtocolError,
    ProtocolErrorCode,
    Server,
    WebStandardStreamableHTTPServerTransport,
  } = await import("@modelcontextprotocol/server");
  const serve = () => {
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
        return await callTool(route, args, { context, signal: mcpReq.signal });
      } finally {
        clearInterval(timer);
      }
    });
    return server;
  };
  const headers = new Headers(context.headers);
  // It answers in either form as it sees fit.
  headers.set("accept", "application/json, text/event-stream");
  const { signal, body: parsedBody } = context;
  const request = new Request("http://localhost/mcp", {
    method: "POST",
    headers,
    signal,
  });
  if (asksProgress(parsedBody) || !await isLegacyRequest(request, parsedBody)) {
    const handler = createMcpHandler(serve, { legacy: "stateless" });
    return await handler.fetch(request, { parsedBody });
  }
  // The handler gives each answer of the older era a stream, which costs more
  // than the rest of it: only progress needs one.
  const transport = new WebStandardStreamableHTTPServerTransport({
    enableJsonResponse: true,
  });
  const server = serve();
  await server.connect(transport);
  // Whoever left waits for nothing: what runs for it ends.
  signal.addEventListener("abort", () => server.close(), { once: true });
  return await transport.handleRequest(request, { parsedBody });
}

function asksProgress(body: unknown): boolean {
  return (body as { params?: { _meta?: { progressToken?: unknown } } } | null)
    ?.params?._meta?.progressToken !== undefined;
}
