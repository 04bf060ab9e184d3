import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { SessionDetail } from "../../shared/contracts/mod.ts";
import { PNG } from "../testing/png.ts";
import { type TestCodexd, testCodexd } from "../testing/test_codexd.ts";

const PATH = "/v1/codexd/turn";

/** What the app-server was given with its last turn. */
function sent(it: TestCodexd): unknown {
  const message = it.machine.lives[0]?.received.findLast(({ method }) =>
    method === "turn/start"
  );
  return (message?.params as { input: unknown }).input;
}

async function refused(it: TestCodexd, body: Record<string, unknown>) {
  const response = await it.server.post(PATH, body);
  const { error } = await response.json();
  assertEquals([response.status, error.code], [400, "INVALID_INPUT"]);
  return {
    hint: error.hint,
    retryable: error.retryable,
    ...error.details.issues[0],
  };
}

Deno.test("POST turn finds a local image from the session's folder, and knows it by its bytes", async () => {
  await using it = await testCodexd();
  await Deno.mkdir(join(it.folder, "pictures"));
  await Deno.writeFile(join(it.folder, "pictures", "a"), PNG);
  const session_id = await it.session();
  await it.server.data("POST", PATH, {
    session_id,
    input: [
      { type: "text", text: "look" },
      { type: "local_image", path: "pictures/../pictures/a" },
      { type: "image", url: `data:image/png;base64,${PNG.toBase64()}` },
    ],
    wait: true,
  });
  assertEquals(sent(it), [
    { type: "text", text: "look" },
    { type: "localImage", path: join(it.folder, "pictures", "a") },
    { type: "image", url: `data:image/png;base64,${PNG.toBase64()}` },
  ]);
});

Deno.test("POST turn refuses an image before the turn, with the reason and what to do", async () => {
  await using it = await testCodexd();
  await Deno.writeTextFile(join(it.folder, "a.png"), "no image at all");
  const session_id = await it.session();
  const image = (item: Record<string, unknown>) =>
    refused(it, { session_id, input: [{ type: "text", text: "x" }, item] });
  const local = (path: string) => image({ type: "local_image", path });
  const missing = await local("b.png");
  assertEquals(missing.path, "input.1.path");
  assertStringIncludes(missing.message, "no such file");
  assertStringIncludes(missing.message, it.folder);
  assertMatch((await local("a.png")).message, /no PNG, JPEG, GIF or WebP/);
  assertMatch((await local(".")).message, /it is no file/);
  assertMatch((await local("~someone/a.png")).message, /must not begin/);
  const remote = await image({
    type: "image",
    url: "https://example.com/a.png",
  });
  assertEquals([remote.path, remote.retryable], ["input.1.url", false]);
  assertMatch(remote.hint, /local_image/);
  for (const data of ["AAAA", "not base64!"]) {
    const url = `data:image/png;base64,${data}`;
    assertMatch(
      (await image({ type: "image", url })).message,
      /no (PNG|base64)/,
    );
  }
  assertEquals(it.events().some(({ type }) => type === "turn.started"), false);
});

Deno.test("POST turn names the kinds of input, and the fields of one", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  assertEquals(
    (await refused(it, { session_id, input: [{ type: "picture" }] })).message,
    "must be one of: text, image, local_image",
  );
  const field = await refused(it, {
    session_id,
    input: [{ type: "text", text: "x", txt: 1 }],
  });
  assertEquals(field.path, "input.0.txt");
  assertMatch(field.message, /known: type, text/);
  assertMatch((await refused(it, { session_id, input: 5 })).message, /a text/);
  const describe = await it.server.data("GET", "/describe/codexd.turn");
  const text = JSON.stringify(describe);
  for (const kind of ["local_image", "data:image/"]) {
    assertStringIncludes(text, kind);
  }
});

Deno.test("POST turn takes prompt for input, and not both", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  await it.server.data("POST", PATH, { session_id, prompt: "hi", wait: true });
  assertEquals(sent(it), [{ type: "text", text: "hi" }]);
  const both = await refused(it, { session_id, prompt: "a", input: "b" });
  assertEquals(both.path, "prompt");
});

Deno.test("POST turn interrupt with wait gives the partial text, and the history keeps it, also after a restart", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const input = '@model:text n=1000 delay=20 text="word "';
  const waiting = it.server.data<{ final_message: string }>("POST", PATH, {
    session_id,
    input,
    wait: true,
  });
  await it.event(({ type }) => type === "message.delta");
  const response = await it.server.post(PATH, {
    session_id,
    action: "interrupt",
    wait: true,
  });
  assertEquals(response.status, 200);
  const { data } = await response.json();
  assertEquals(data.status, "interrupted");
  assertMatch(data.final_message, /^(word )+$/);
  assertEquals((await waiting).final_message, data.final_message);
  for (const restarts of [false, true]) {
    if (restarts) await it.restart();
    const { turns } = await it.server.data<SessionDetail>(
      "GET",
      `/v1/codexd/sessions/${session_id}`,
    );
    const said = turns[0]?.items.at(-1);
    assertEquals(
      [turns[0]?.status, said?.type, said?.text, said?.partial],
      ["interrupted", "agentMessage", data.final_message, true],
    );
  }
});
