import { type RouteContext, TextReply } from "../../shared/http/mod.ts";
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
): Promise<Response | TextReply> {
  const {
    createMcpHandler,
    isLegacyRequest,
    ProtocolError,
    ProtocolErrorCode,
    Server,
    WebStandardStreamableHTTPServerTransport,
  } = await import("@modelcontextprotocol/server");
  const gone = new AbortController();
  const left = AbortSignal.any([context.signal, gone.signal]);
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
        const signal = AbortSignal.any([left, mcpReq.signal]);
        return await callTool(route, args, { context, signal });
      } finally {
        clearInterval(timer);
      }
    });
    return server;
  };
  const headers = new Headers(context.headers);
  // It answers in either form as it sees fit.
  headers.set("accept", "application/json, text/event-stream");
  const { body: parsedBody } = context;
  const request = new Request("http://localhost/mcp", {
    method: "POST",
    headers,
    signal: left,
  });
  const handler = createMcpHandler(serve, {
    legacy: "stateless",
    keepAliveMs: PROGRESS_MS,
  });
  if (asksProgress(parsedBody)) return handler.fetch(request, { parsedBody });
  if (!await isLegacyRequest(request, parsedBody)) {
    return whenReady(handler.fetch(request, { parsedBody }), gone);
  }
  // The handler makes a stream of each answer of the older era, which costs more
  // than the rest of it: only what takes long needs one.
  const transport = new WebStandardStreamableHTTPServerTransport({
    enableJsonResponse: true,
  });
  await serve().connect(transport);
  return whenReady(transport.handleRequest(request, { parsedBody }), gone);
}

/**
 * An answer that takes its time becomes a stream of comments, itself the last:
 * the runtime often does not tell that a client has left before something is
 * written to it.
 */
async function whenReady(
  answer: Promise<Response>,
  gone: AbortController,
): Promise<Response | TextReply> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), PROGRESS_MS);
  const ready = await Promise.race([answer, late.promise])
    .finally(() => clearTimeout(timer));
  if (ready !== undefined) return await whole(ready);
  const { readable, writable } = new TransformStream<string, string>();
  const writer = writable.getWriter();
  const say = (text: string) => writer.write(text).catch(() => gone.abort());
  const beat = setInterval(() => say(": it runs\n\n"), PROGRESS_MS);
  answer.then(async (it) => {
    await say(`event: message\ndata: ${await it.text()}\n\n`);
    await writer.close();
  }).catch(() => writer.abort()).finally(() => clearInterval(beat));
  return new Response(readable.pipeThrough(new TextEncoderStream()), {
    headers: { "content-type": "text/event-stream" },
  });
}

/** What is there already needs no stream around it. */
async function whole(answer: Response): Promise<Response | TextReply> {
  const type = answer.headers.get("content-type") ?? "";
  if (answer.status !== 200 || !type.includes("json")) return answer;
  return new TextReply(await answer.text(), { "content-type": type });
}

function asksProgress(body: unknown): boolean {
  return (body as { params?: { _meta?: { progressToken?: unknown } } } | null)
    ?.params?._meta?.progressToken !== undefined;
}
