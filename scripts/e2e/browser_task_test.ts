import { assertEquals } from "@std/assert";
import { ScriptedClient } from "../../conductor/browser/testing/scripted_client.ts";
import { startDaemon } from "../testing/daemon.ts";
import { until } from "../../shared/testing/until.ts";
import { type Answer, call } from "../testing/http.ts";

const PAYLOAD = { platform: "claude", path: "/api/organizations" };

/** Waits until a task has one of some statuses; returns it. */
async function taskAs(url: string, ...statuses: string[]) {
  const isWanted = ({ data }: Answer) => statuses.includes(data.status);
  return (await until(() => call(url), isWanted)).data;
}

Deno.test("a browser task sends its request, logs the answer and can be canceled", async () => {
  await using conductor = await startDaemon("conductor");
  const { origin } = conductor;
  await using client = await ScriptedClient.connect(origin);
  client.answerWith((message) =>
    message.type === "api_request"
      ? [{ type: "api_response", id: message.id, status: 200, body: "[]" }]
      : []
  );
  const create = (title: string) =>
    call(`${origin}/v1/tasks`, {
      title,
      kind: "browser",
      payload: PAYLOAD,
    });
  const first = (await create("ask")).data;
  const url = `${origin}/v1/tasks/${first.task_id}`;
  const done = await taskAs(url, "succeeded", "failed");
  assertEquals(done.status, "succeeded");
  assertEquals(done.latest_run.outcome.result.status, 200);
  const { entries } = (await call(`${url}/logs`)).data;
  assertEquals(
    entries.filter((it: { stream: string }) => it.stream === "stdout")
      .map((it: { message: string }) => it.message),
    ["[]"],
  );

  client.answerWith((message) =>
    message.type === "request_cancel"
      ? [{
        type: "api_response",
        id: message.id,
        error: { code: "canceled", message: "" },
      }]
      : []
  );
  const second = (await create("wait")).data;
  await until(() =>
    client.received.filter((it) => it.type === "api_request").length >= 2
  );
  const place = `${origin}/v1/tasks/${second.task_id}`;
  await call(`${place}/cancel`, {});
  assertEquals((await taskAs(place, "canceled", "failed")).status, "canceled");
  await client.next("request_cancel");

  const wrong = await call(`${origin}/v1/tasks`, {
    title: "wrong",
    kind: "browser",
    payload: { ...PAYLOAD, responseMode: "sse" },
  });
  assertEquals(wrong.error.code, "INVALID_INPUT");
});
