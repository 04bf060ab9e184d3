import { assertEquals } from "@std/assert";
import { readEvents } from "../../shared/testing/sse_reader.ts";
import type { Said } from "../../conductor/browser/testing/scripted_client.ts";
import { BrowserSmoke, PLANTED } from "./testing/browser_smoke.ts";

const REQUEST = "/v1/browser/request";

/** What Claude answers, as far as the wrappers ask. */
function claude(id: string, url: string): Said {
  const { pathname } = new URL(url);
  const body = pathname === "/api/organizations"
    ? '[{"uuid":"org-1"}]'
    : pathname.endsWith("/completion")
    ? 'data: {"completion":"Hello"}\n\n'
    : '{"name":"A conversation"}';
  return { type: "api_response", id, status: 200, body };
}

/** Has the scripted browser answer as a browser with a logged-in Claude would. */
function serve({ client }: BrowserSmoke): void {
  client.answerWith((message) => {
    switch (message.type) {
      case "open_tab":
      case "tab_reload":
        return [{
          type: "action_status",
          id: message.id,
          action: message.type,
          ok: true,
          result: { tabId: 7, url: message.url ?? "" },
        }];
      case "api_request":
        return message.responseMode === "buffered" && message.id !== "slow"
          ? [claude(message.id, message.url)]
          : [];
      default:
        return [];
    }
  });
}

Deno.test("what a browser is asked to do it does, and it says no secret", async (t) => {
  await using smoke = await BrowserSmoke.start();
  await t.step(
    "POST /v1/browser/actions: open_tab reaches the browser, its outcome the caller",
    async () => {
      serve(smoke);
      const opened = await smoke.call("/v1/browser/actions", {
        action: "open_tab",
        url: "https://claude.ai/new",
      });
      assertEquals(opened.data.ok, true);
      assertEquals(opened.data.result.tabId, 7);
      assertEquals(
        (await smoke.client.next("open_tab")).url,
        "https://claude.ai/new",
      );
    },
  );

  await t.step(
    "POST /v1/browser/request: a buffered answer, without credentials",
    async () => {
      smoke.client.answerWith((message) =>
        message.type === "api_request"
          ? [{
            type: "api_response",
            id: message.id,
            status: 200,
            headers: {
              "content-type": "application/json",
              "set-cookie": `session=${PLANTED.setCookie}`,
              authorization: PLANTED.authorization,
            },
            body: '{"user":"ada"}',
          }]
          : []
      );
      const answer = await smoke.call(REQUEST, {
        platform: "claude",
        path: "/api/me",
        headers: { "x-trace": "1" },
      });
      assertEquals(answer.status, 200);
      assertEquals(answer.data.body, '{"user":"ada"}');
      assertEquals(answer.data.headers, { "content-type": "application/json" });
      const asked = await smoke.client.next("api_request");
      assertEquals(asked.url, "https://claude.ai/api/me");
      assertEquals(asked.headers["x-trace"], "1");
    },
  );

  await t.step(
    "POST /v1/browser/request: whose login, or why none",
    async () => {
      const work = { cookieStore: "firefox-container-2", name: "Work" };
      smoke.client.answerWith((message) => {
        if (message.type !== "api_request") return [];
        const { id, container, tabId } = message;
        const head = { type: "api_response", id };
        if (container === "Work") {
          const { cookieStore } = work;
          return [{ ...head, status: 200, cookieStore, container, body: "" }];
        }
        const error = tabId === undefined
          ? {
            code: "ambiguous_container",
            containers: [{ ...work, tabIds: [7] }],
          }
          : { code: "tab_busy", tabs: [{ tabId, state: "dialog" }] };
        return [{ ...head, error }];
      });
      const ask = (fields: Readonly<Record<string, unknown>> = {}) =>
        smoke.call(REQUEST, { platform: "claude", path: "/me", ...fields });
      const { data } = await ask({ container: "Work" });
      assertEquals(data.container, "Work");
      assertEquals(data.cookie_store, "firefox-container-2");
      const ambiguous = await ask();
      assertEquals(ambiguous.status, 409);
      assertEquals(ambiguous.error.details.choices, [{
        container: "Work",
        cookie_store: "firefox-container-2",
        tab_ids: [7],
      }]);
      const { error } = await ask({ tab_id: 7 });
      assertEquals(error.retryable, true);
      assertEquals(error.details, {
        reason: "tab_busy",
        tabs: [{ tab_id: 7, state: "dialog" }],
      });
    },
  );

  await t.step(
    "request headers with credentials and private targets are refused",
    async () => {
      for (
        const body of [
          { platform: "claude", path: "/", headers: { cookie: "a=b" } },
          { url: "http://127.0.0.1/" },
          { url: "http://192.168.1.1/" },
          { url: `${smoke.origin}/v1/system/state` },
        ]
      ) {
        const { status, error } = await smoke.call(REQUEST, body);
        assertEquals(status, 400);
        assertEquals(error.code, "INVALID_INPUT");
      }
    },
  );

  await t.step(
    "POST /v1/browser/request with sse: stream_open, stream_event, stream_end",
    async () => {
      smoke.client.answerWith((message) =>
        message.type === "api_request"
          ? [
            {
              type: "stream_open",
              id: message.id,
              status: 200,
              headers: { "content-type": "text/event-stream" },
            },
            {
              type: "stream_event",
              id: message.id,
              seq: 0,
              chunk: "data: a\n",
            },
            {
              type: "stream_event",
              id: message.id,
              seq: 1,
              chunk: "\nevent: tick\ndata: b\n\n",
            },
            { type: "stream_end", id: message.id },
          ]
          : []
      );
      const text = await smoke.text(REQUEST, {
        platform: "claude",
        path: "/stream",
        response_mode: "sse",
      });
      const events = await Array.fromAsync(readEvents(new Response(text)));
      assertEquals(events.map((it) => it.event), [
        "stream_open",
        "stream_event",
        "stream_event",
        "stream_end",
      ]);
      const { seq, event, data } = events[2]?.data ?? {};
      assertEquals({ seq, event, data }, { seq: 1, event: "tick", data: "b" });
    },
  );

  await t.step(
    "POST /v1/browser/request with sse: stream_error when the site breaks off",
    async () => {
      smoke.client.answerWith((message) =>
        message.type === "api_request"
          ? [{
            type: "stream_error",
            id: message.id,
            code: "network_error",
            message: "",
          }]
          : []
      );
      const text = await smoke.text(REQUEST, {
        platform: "claude",
        path: "/stream",
        response_mode: "sse",
      });
      const [last] = await Array.fromAsync(readEvents(new Response(text)));
      assertEquals(last?.event, "stream_error");
      assertEquals(last?.data.code, "UPSTREAM_FAILED");
    },
  );

  await t.step(
    "POST /v1/browser/request/cancel: request_cancel is confirmed",
    async () => {
      smoke.client.answerWith((message) =>
        message.type === "request_cancel"
          ? [{
            type: "api_response",
            id: message.id,
            error: { code: "canceled", message: "" },
          }]
          : []
      );
      const slow = smoke.call(REQUEST, {
        platform: "claude",
        path: "/slow",
        request_id: "slow",
      });
      while ((await smoke.client.next("api_request")).id !== "slow");
      const twice = await smoke.call(REQUEST, {
        platform: "claude",
        path: "/slow",
        request_id: "slow",
      });
      assertEquals(twice.error.code, "CONFLICT");
      const canceled = await smoke.call("/v1/browser/request/cancel", {
        request_id: "slow",
      });
      assertEquals(canceled.data, {
        request_id: "slow",
        running: true,
        confirmed: true,
      });
      const { error } = await slow;
      assertEquals([error.code, error.details.reason], [
        "CANCELED",
        "canceled",
      ]);
      const again = await smoke.call("/v1/browser/request/cancel", {
        request_id: "slow",
      });
      assertEquals(again.data.running, false);
    },
  );

  await t.step(
    "the legacy Claude wrappers answer, and name the modern call",
    async () => {
      serve(smoke);
      smoke.client.say({
        type: "tabs",
        tabs: [{
          id: 7,
          url: `https://claude.ai/chat/c0ffee00-1?code=${PLANTED.address}`,
          active: true,
        }],
      });
      await smoke.view((it) => it.tabs.length === 1);
      const open = await smoke.call("/v1/browser/claude/open", {});
      assertEquals(open.data.modern.path, "/v1/browser/actions");
      const sent = await smoke.call("/v1/browser/claude/send", {
        prompt: "Good morning",
      });
      assertEquals(sent.data.text, "Hello");
      assertEquals(sent.data.conversation_id, "c0ffee00-1");
      assertEquals(sent.data.modern.path, REQUEST);
      const current = await smoke.call("/v1/browser/claude/current");
      assertEquals(current.data.conversation, { name: "A conversation" });
      const reload = await smoke.call("/v1/browser/claude/reload", {});
      assertEquals(reload.data.deprecated, true);
    },
  );

  await t.step("action_request answers the same state as HTTP", async () => {
    const { client } = smoke;
    for (
      const [action, mode] of [["pause", "paused"], ["resume", "running"]]
    ) {
      client.say({ type: "action_request", id: "mode", action });
      const result = await client.next("action_result");
      assertEquals(result.state?.mode, mode);
      const { data } = await smoke.call("/v1/system/state");
      assertEquals(
        (result.state?.automation as { readonly mode: string }).mode,
        data.automation.mode,
      );
      assertEquals((await client.next("state_snapshot")).state.mode, mode);
    }
  });

  await t.step(
    "no planted secret is in the database, the logs, the audit, the events or an answer",
    () => smoke.expectNoSecret(),
  );
});
