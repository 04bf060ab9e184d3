import { ScriptedClient } from "../../../conductor/browser/testing/scripted_client.ts";
import { endOf, makeTask } from "./task_clients.ts";
import { type Desk, expect, type MakeClient } from "./soak_client.ts";

const REQUEST = { platform: "claude", path: "/api/organizations" };

async function connect({ stage }: Desk): Promise<ScriptedClient> {
  const client = await ScriptedClient.connect(stage.origin, {
    token: stage.token,
  });
  client.answerWith((message) =>
    message.type === "api_request"
      ? [{ type: "api_response", id: message.id, status: 200, body: "[7]" }]
      : []
  );
  return client;
}

/** A browser that is closed and opened again, and requests through it. */
const reconnecting: MakeClient = (desk) => ({
  everyMs: 1000,
  async act(round) {
    await using _ = await desk.ledger.time(
      "browser, connected",
      () => connect(desk),
    );
    for (let i = 0; i < 3; i++) {
      const { status, body } = await desk.post(
        "browser, request",
        "/v1/browser/request",
        REQUEST,
      );
      expect([status, body], [200, "[7]"]);
    }
    await desk.get("browser, read", "/v1/browser");
    if (round % 3 > 0) return;
    const id = await makeTask(
      { desk, kind: "task, made", ends: "succeeded" },
      { kind: "browser", payload: REQUEST },
    );
    await endOf(desk, id);
  },
});

/** The bridge with a scripted browser. */
export const BROWSER_CLIENTS: Readonly<Record<string, MakeClient>> = {
  reconnecting,
};
