import { connectMcp, type McpEra } from "../../shared/testing/mcp_client.ts";
import type { TestConductor } from "./test_conductor.ts";

/** The official client, on a conductor without a port. */
export function connectTools(
  { daemon, origin }: Pick<TestConductor, "daemon" | "origin">,
  { era, query = "", token }: {
    readonly era?: McpEra;
    readonly query?: string;
    readonly token?: string;
  } = {},
) {
  return connectMcp(`${origin}/mcp${query}`, {
    era,
    token,
    async fetch(url, init) {
      const headers = new Headers(init?.headers);
      headers.set("host", new URL(origin).host);
      if (init?.body) {
        headers.set("content-length", String(String(init.body).length));
      }
      return await daemon.handle(new Request(url, { ...init, headers }), {
        remoteAddress: "127.0.0.1",
      });
    },
  });
}
