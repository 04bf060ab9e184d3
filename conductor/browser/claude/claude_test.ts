import { assertEquals } from "@std/assert";
import { CALLER, failureOf } from "../testing/outcome.ts";
import { claudeSendBody } from "./claude_schemas.ts";
import { createRig } from "../testing/rig.ts";

/** A Claude that answers `GET`s by path, and prompts with a short stream. */
function createClaude() {
  const rig = createRig();
  const socket = rig.connect();
  const asked: string[] = [];
  const bodies: Record<string, unknown> = {
    "/api/organizations": [{ uuid: "org-1" }, { uuid: "org-2" }],
    "/api/organizations/org-1/chat_conversations": { ok: true },
    "/api/organizations/org-1/chat_conversations/c0ffee00-1": { name: "Tea" },
  };
  const stream = [
    'event: completion\ndata: {"completion":"Good "}\n\n',
    'event: content_block_delta\ndata: {"delta":{"text":"day"}}\n\n',
    "data: [DONE]\n\n",
  ].join("");
  const send = socket.send.bind(socket);
  socket.send = (text) => {
    send(text);
    const message = socket.sent.at(-1);
    if (message?.type !== "api_request") return;
    const { pathname } = new URL(message.url);
    asked.push(`${message.method} ${pathname}`);
    const body = pathname.endsWith("/completion")
      ? stream
      : JSON.stringify(bodies[pathname] ?? null);
    queueMicrotask(() =>
      socket.say({ type: "api_response", id: message.id, status: 200, body })
    );
  };
  return { ...rig, socket, asked };
}

Deno.test("ClaudeWrapper.send() sends to the conversation that is open in a tab", async () => {
  const { browser, socket, asked } = createClaude();
  socket.say({
    type: "tabs",
    tabs: [{ id: 1, url: "https://claude.ai/chat/c0ffee00-1", active: true }],
  });
  const sent = await browser.claude.send({ prompt: "Hello" }, CALLER);
  assertEquals(sent.text, "Good day");
  assertEquals(sent.conversation_id, "c0ffee00-1");
  assertEquals(asked, [
    "GET /api/organizations",
    "POST /api/organizations/org-1/chat_conversations/c0ffee00-1/completion",
  ]);
  assertEquals(sent.modern.path, "/v1/browser/request");
  assertEquals(sent.modern.body.platform, "claude");
  const again = await browser.claude.send({ input: "Hello" }, CALLER);
  assertEquals(again.modern.body, sent.modern.body);
  const isTaken = (body: unknown) => claudeSendBody.safeParse(body).success;
  assertEquals([{}, { prompt: "a", input: "b" }].map(isTaken), [false, false]);
});

Deno.test("ClaudeWrapper.send() goes on in the container that is asked for", async () => {
  const { browser, socket, asked } = createClaude();
  socket.say({
    type: "tabs",
    tabs: ["0ff1ce00-1", "c0ffee00-1"].map((chat, id) => ({
      id,
      url: `https://claude.ai/chat/${chat}`,
      cookieStore: `firefox-container-${id}`,
    })),
    containers: [{ cookieStore: "firefox-container-1", name: "Home" }],
  });
  const input = { prompt: "Hello", container: "Home" };
  const sent = await browser.claude.send(input, CALLER);
  assertEquals(sent.conversation_id, "c0ffee00-1");
  assertEquals(asked.length, 2);
  assertEquals(
    socket.heard("api_request").map((it) => it.container),
    ["Home", "Home"],
  );
  assertEquals(sent.modern.body.container, "Home");
});

Deno.test("ClaudeWrapper.send() starts a conversation where none is open", async () => {
  const { browser, asked } = createClaude();
  const sent = await browser.claude.send(
    { prompt: "Hello", organization_id: "org-1" },
    CALLER,
  );
  assertEquals(asked, [
    "POST /api/organizations/org-1/chat_conversations",
    `POST /api/organizations/org-1/chat_conversations/${sent.conversation_id}/completion`,
  ]);
});

Deno.test("ClaudeWrapper.current() reads the conversation that is open", async () => {
  const { browser, socket } = createClaude();
  socket.say({
    type: "tabs",
    tabs: [{ id: 1, url: "https://claude.ai/chat/c0ffee00-1" }],
  });
  const current = await browser.claude.current({}, CALLER);
  assertEquals(current.conversation, { name: "Tea" });
  assertEquals(current.organization_id, "org-1");
});

Deno.test("ClaudeWrapper.current() says when Claude answers in another form", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const failed = failureOf(browser.claude.current({}, CALLER));
  await clock.advance(0);
  const { id } = socket.last("api_request");
  socket.say({ type: "api_response", id, status: 200, body: "<html>" });
  assertEquals((await failed).details?.reason, "unexpected_answer");
});
