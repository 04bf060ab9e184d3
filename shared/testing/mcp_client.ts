import {
  Client,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import type { Json } from "./json.ts";

/** How a client of each era of the protocol begins. */
const ERAS = { modern: { pin: "2026-07-28" }, legacy: "legacy" } as const;

export type McpEra = keyof typeof ERAS;

/** Connects the official client of MCP. */
export async function connectMcp(
  url: string,
  { era = "modern", token, fetch = globalThis.fetch }: {
    readonly era?: McpEra | undefined;
    readonly token?: string | undefined;
    readonly fetch?: (
      url: string | URL,
      init?: RequestInit,
    ) => Promise<Response>;
  } = {},
) {
  const client = new Client({ name: "test", version: "1" }, {
    versionNegotiation: { mode: ERAS[era] },
  });
  const headers = token === undefined
    ? {}
    : { authorization: `Bearer ${token}` };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), {
      fetch,
      requestInit: { headers },
    }),
  );
  return {
    client,
    async call(name: string, args: Record<string, unknown> = {}) {
      const { structuredContent, ...rest } = await client.callTool({
        name,
        arguments: args,
      });
      const data: Json = structuredContent;
      return { ...rest, data };
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}
