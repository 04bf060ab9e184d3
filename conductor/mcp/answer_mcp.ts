import type { Clock, Timer } from "../../shared/clock.ts";
import {
  Attendance,
  type RouteContext,
  TextReply,
} from "../../shared/http/mod.ts";
import { VERSION } from "../../shared/version.ts";
import { callTool } from "./call_tool.ts";
import { nearestTool, routeOfTool, toolsFor } from "./tools.ts";

/** While a call runs, whoever asked for its progress hears this often. */
const PROGRESS_MS = 1000;

/**
 * Answers one message of the Model Context Protocol, of either era, with no
 * session. The library, 23 MiB of memory, is loaded by the first.
 */
export async function answerMcp<Deps>(
  context: RouteContext<Deps>,
  { isAll, clock }: { readonly isAll: boolean; readonly clock: Clock },
): Promise<Response | TextReply> {
  const {
    createMcpHandler,
    isLegacyRequest,
    isSpecType,
    ProtocolError,
    ProtocolErrorCode,
    Server,
    WebStandardStreamableHTTPServerTransport,
  } = await import("@modelcontextprotocol/server");
  const attendance = new Attendance(clock);
  const left = AbortSignal.any([context.signal, attendance.gone]);
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
        const near = nearestTool(context, name);
        const guess = near === undefined ? "" : `did you mean ${near}? `;
        throw new ProtocolError(
          ProtocolErrorCode.InvalidParams,
          `Cannot find the tool "${name}": ${guess}POST /mcp?tools=all lists all`,
        );
      }
      const token = mcpReq._meta?.progressToken;
      let timer: Timer | undefined;
      const tell = (seconds: number) => {
        timer = clock.after(PROGRESS_MS, () => tell(seconds + 1));
        if (seconds === 0) return;
        mcpReq.notify({
          method: "notifications/progress",
          params: {
            progressToken: token,
            progress: seconds,
            message: `${name} runs`,
          },
          // Who has gone hears nothing more, and its signal ends the call.
        }).catch(() => {});
      };
      if (token !== undefined) tell(0);
      try {
        const signal = AbortSignal.any([left, mcpReq.signal]);
        return await callTool(route, args, { context, signal });
      } finally {
        timer?.cancel();
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
    return whenReady(handler.fetch(request, { parsedBody }), attendance);
  }
  const { id, method } = parsedBody as Readonly<Record<string, unknown>>;
  const isGreeting = method === "initialize" && id !== undefined;
  // The library takes that for a fault of its own.
  if (isGreeting && !isSpecType.InitializeRequest(parsedBody)) {
    const error = {
      code: ProtocolErrorCode.InvalidParams,
      message:
        "Cannot initialize: params must hold protocolVersion, capabilities and clientInfo",
    };
    const answer = JSON.stringify({ jsonrpc: "2.0", id, error });
    return new TextReply(answer, { "content-type": "application/json" });
  }
  // The handler makes a stream of each answer of the older era, which costs more
  // than the rest of it: only what takes long needs one.
  const transport = new WebStandardStreamableHTTPServerTransport({
    enableJsonResponse: true,
  });
  await serve().connect(transport);
  return whenReady(
    transport.handleRequest(request, { parsedBody }),
    attendance,
  );
}

/** An answer that takes its time becomes a stream of comments, itself the last. */
async function whenReady(
  answer: Promise<Response>,
  attendance: Attendance,
): Promise<Response | TextReply> {
  let isLate = false;
  void attendance.begun();
  const told = answer.then(async (it) =>
    isLate ? new Response(`event: message\ndata: ${await it.text()}\n\n`) : it
  );
  const ready = await attendance.answer(told, {
    blank: ": it runs\n\n",
    late(body) {
      isLate = true;
      return new Response(body, {
        headers: { "content-type": "text/event-stream" },
      });
    },
  });
  return isLate ? ready : await whole(ready);
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
