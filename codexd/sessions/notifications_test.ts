import { assertEquals } from "@std/assert";
import { understand } from "./notifications.ts";

const notification = (method: string, params: unknown) =>
  understand({ kind: "notification", method, params }).event;

Deno.test("understand() gives the main notifications their stable names", () => {
  assertEquals(
    notification("item/agentMessage/delta", {
      threadId: "s",
      turnId: "t",
      itemId: "i",
      delta: "Hello",
    }),
    {
      session_id: "s",
      turn_id: "t",
      type: "message.delta",
      data: { item_id: "i", delta: "Hello" },
    },
  );
  assertEquals(
    notification("thread/tokenUsage/updated", {
      threadId: "s",
      turnId: "t",
      tokenUsage: { total: { inputTokens: 1 }, modelContextWindow: 2 },
    }).data,
    { usage: { total: { input_tokens: 1 }, model_context_window: 2 } },
  );
});

Deno.test("understand() finds the session and the turn where the notification has them", () => {
  const started = notification("thread/started", { thread: { id: "s" } });
  assertEquals([started.session_id, started.type], ["s", "session.started"]);
  const turn = notification("turn/started", {
    threadId: "s",
    turn: { id: "t", status: "inProgress", startedAt: 1 },
  });
  assertEquals([turn.turn_id, turn.data], ["t", {
    turn: {
      turn_id: "t",
      status: "in_progress",
      reason: null,
      error: null,
      started_at: "1970-01-01T00:00:01.000Z",
      completed_at: null,
      duration_ms: null,
    },
  }]);
});

Deno.test("understand() passes an unknown notification on with its params, whatever they are", () => {
  assertEquals(notification("thing/new", { threadId: "s", someKey: [1] }), {
    session_id: "s",
    turn_id: null,
    type: "codex.thing/new",
    data: { threadId: "s", someKey: [1] },
  });
  for (const params of [undefined, null, 7, "x", [1]]) {
    assertEquals(notification("odd", params), {
      session_id: null,
      turn_id: null,
      type: "codex.odd",
      data: {},
    });
  }
});

Deno.test("understand() says whether trouble in a turn will be retried", () => {
  assertEquals(
    notification("error", {
      threadId: "s",
      turnId: "t",
      willRetry: true,
      error: { message: "Reconnecting... 1/2", codexErrorInfo: "other" },
    }).data,
    {
      message: "Reconnecting... 1/2",
      codex_error_info: "other",
      will_retry: true,
    },
  );
});

Deno.test("understand() tells no time that no date reaches", () => {
  const turn = { id: "t", status: "completed", startedAt: 1e300 };
  const { data } = notification("turn/started", { threadId: "s", turn });
  assertEquals(
    (data.turn as Record<string, unknown>).started_at,
    null,
  );
});
