import { readEvents } from "../../../shared/testing/sse_reader.ts";
import { call } from "../../testing/http.ts";
import { expect, type MakeClient } from "./soak_client.ts";

/** Follows a stream for a while, leaves, and comes back where it left. */
function follower(path: string, everyMs: number): MakeClient {
  return (desk) => {
    let last: string | undefined;
    return {
      everyMs,
      async act(round) {
        const leave = new AbortController();
        const timer = setTimeout(() => leave.abort(), 1000 + round % 4 * 1000);
        try {
          const response = await desk.open(path, {
            headers: {
              accept: "text/event-stream",
              ...(last !== undefined && { "last-event-id": last }),
            },
            signal: leave.signal,
          });
          for await (const { id } of readEvents(response)) {
            if (id === undefined) continue;
            if (last !== undefined && isBefore(id, last)) {
              throw new Error(`Event ${id} came after ${last}`);
            }
            last = id;
          }
          throw new Error("The stream ended by itself");
        } catch (error) {
          if (!leave.signal.aborted) throw error;
        } finally {
          clearTimeout(timer);
        }
      },
    };
  };
}

function isBefore(id: string, last: string): boolean {
  return Number(id) <= Number(last);
}

/** An idle request now and then: what it takes is how late the event loop is. */
const idle = (daemon: "conductor" | "codexd"): MakeClient => (desk) => ({
  everyMs: 250,
  async act() {
    const url = `${desk.stage.daemons[daemon].origin}/healthz`;
    const response = await desk.ledger.time(
      `${daemon} /healthz`,
      () => fetch(url),
    );
    await response.body?.cancel();
    expect(response.status, 200);
  },
});

const PAGES = [
  "/v1/status/ui",
  "/v1/status",
  "/v1/status/ui/tasks",
  "/v1/status/ui/audit",
  "/v1/status/ui/node",
  "/v1/system/state",
  "/v1/tasks?limit=50",
  "/v1/runs?limit=50",
  "/v1/logs?limit=50",
  "/v1/controllers",
  "/describe",
  "/openapi.json",
  "/health",
  "/v1/capabilities",
] as const;

const pages: MakeClient = (desk) => ({
  everyMs: 500,
  async act(round) {
    const path = PAGES[round % PAGES.length] ?? "/";
    await desk.ledger.time("pages and lists", async () => {
      const response = await desk.open(path);
      await response.text();
    });
  },
});

/** Guesses more tokens at once than a minute allows, and comes back when it is over. */
const guessing: MakeClient = (desk) => ({
  everyMs: 5000,
  async act(round) {
    const guess = async (_: unknown, index: number) => {
      const { status, error } = await call(
        `${desk.stage.origin}/v1/tasks`,
        undefined,
        { authorization: `Bearer wrong-${round}-${index}` },
      );
      desk.ledger.count(`a wrong token: ${status}`);
      if (status !== 401 && status !== 429) throw new Error(error.message);
    };
    await Promise.all(Array.from({ length: 12 }, guess));
  },
});

const verifying: MakeClient = (desk) => ({
  everyMs: 10_000,
  async act() {
    const { ok, problem } = await desk.get(
      "audit, verified",
      "/v1/audit/verify",
    );
    expect([ok, problem], [true, null]);
  },
});

/** Who looks on. */
export const READING_CLIENTS: Readonly<Record<string, MakeClient>> = {
  events: follower("/v1/events", 500),
  codexEvents: follower("/v1/codex/events", 1000),
  conductorIdle: idle("conductor"),
  codexdIdle: idle("codexd"),
  pages,
  guessing,
  verifying,
};
