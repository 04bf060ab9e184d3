import {
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import type {
  SessionAnswer,
  SessionDetail,
  SessionList,
} from "../../shared/contracts/codexd.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { type TestCodexd, testCodexd } from "../testing/test_codexd.ts";

const PATH = "/v1/codexd/sessions";

const run = (it: TestCodexd, session_id: string, input: string) =>
  it.server.data("POST", "/v1/codexd/turn", { session_id, input, wait: true });

const read = (it: TestCodexd, id: string, query = "") =>
  it.server.data<SessionDetail>("GET", `${PATH}/${id}${query}`);

const list = (it: TestCodexd, query = "") =>
  it.server.data<SessionList>("GET", `${PATH}${query}`);

async function issue(it: TestCodexd, body: Record<string, unknown>) {
  const response = await it.server.post(PATH, body);
  const { error } = await response.json();
  assertEquals([response.status, error.code], [400, "INVALID_INPUT"]);
  return error.details.issues[0];
}

Deno.test("POST sessions makes a session as asked for", async () => {
  await using it = await testCodexd();
  const response = await it.server.post(PATH, {
    cwd: it.folder,
    model: "m",
    approval_policy: "never",
    sandbox: "workspace-write",
    approvals: "deny",
    title: "A title",
    instructions: "Be brief",
  });
  assertEquals(response.status, 201);
  const { data } = await response.json();
  const { session } = data as SessionAnswer;
  assertEquals(data.session_id, session.session_id);
  assertEquals(
    [session.title, session.state, session.cwd, session.sandbox],
    ["A title", "idle", it.folder, "workspace-write"],
  );
  assertEquals([session.approval_policy, session.approvals], ["never", "deny"]);
  const sent = it.machine.lives[0]?.received.find((message) =>
    message.method === "thread/start"
  );
  assertEquals(sent?.params, {
    cwd: it.folder,
    model: "m",
    approvalPolicy: "never",
    developerInstructions: "Be brief",
    ephemeral: false,
  });
});

Deno.test("POST sessions says what it cannot accept, and what it would", async () => {
  await using it = await testCodexd();
  assertEquals((await issue(it, { cwd: `${it.folder}/none` })).path, "cwd");
  assertEquals(await issue(it, { sandbox: "danger-full-access" }), {
    path: "sandbox",
    message: "BAA_CODEX_MAX_SANDBOX allows: read-only, workspace-write",
  });
  assertEquals(await issue(it, { approvals: "accept" }), {
    path: "approvals",
    message: "BAA_CODEX_APPROVALS allows: deny",
  });
  assertEquals(await issue(it, { session_id: "x", cwd: it.folder }), {
    path: "cwd",
    message: "goes with a new session only, not with session_id",
  });
  assertEquals(
    (await issue(it, { approval_policy: "on-failure" })).path,
    "approval_policy",
  );
});

Deno.test("POST sessions works where the kernel would for the cwd that it is given, and ~ is the home", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(dir.join("target/deep"), { recursive: true });
  await Deno.symlink(dir.join("target/deep"), dir.join("link"));
  await Deno.writeTextFile(dir.join("file"), "");
  await using it = await testCodexd({ env: { HOME: dir.path } });
  for (
    const [cwd, wanted] of [
      ["~", dir.path],
      ["~/link", dir.join("link")],
      ["~/link/..", dir.join("target")],
      [`${dir.path}/link/../deep`, dir.join("target/deep")],
    ]
  ) {
    const { data } = await (await it.server.post(PATH, { cwd })).json();
    assertEquals(data.session.cwd, wanted);
  }
  const problem = async (cwd: string) => (await issue(it, { cwd })).message;
  const gone = `${dir.path}/gone/..`;
  const file = `${dir.path}/file/..`;
  assertEquals(await problem(gone), `Cannot use "${gone}": it does not exist`);
  assertEquals(await problem(file), `Cannot use "${file}": it is no folder`);
  assertStringIncludes(await problem("~root"), "must not begin with ~name");
});

Deno.test("POST sessions resumes a session that another client made", async () => {
  await using it = await testCodexd();
  const id = await it.session();
  await run(it, id, "first");
  await it.restart();
  await Deno.remove(`${it.folder}/state/codexd/sessions.jsonl`);
  await it.restart();
  const response = await it.server.post(PATH, {
    session_id: id,
    title: "Mine",
  });
  assertEquals(response.status, 200);
  const { data } = await response.json();
  assertEquals([data.created, data.session.state], [false, "idle"]);
  assertEquals(data.session.title, "Mine");
  const unknown = await it.server.post(PATH, { session_id: "nobody" });
  assertEquals((await unknown.json()).error.code, "NOT_FOUND");
  const task = await (await it.server.get(`${PATH}/task_0`)).json();
  assertEquals(task.error.code, "NOT_FOUND");
  assertStringIncludes(task.error.hint, "A task id begins with task_");
  assertStringIncludes(task.error.hint, `GET ${PATH}`);
});

Deno.test("POST sessions with an Idempotency-Key makes one session", async () => {
  await using it = await testCodexd();
  const send = async () => {
    const headers = { "idempotency-key": "k" };
    const response = await it.server.post(PATH, { cwd: it.folder }, {
      headers,
    });
    return (await response.json()).data.session_id;
  };
  const first = await send();
  assertEquals(await send(), first);
  await it.restart();
  assertEquals(await send(), first);
  const headers = { "idempotency-key": "x".repeat(256) };
  const refused = await it.server.post(PATH, { cwd: it.folder }, { headers });
  assertEquals((await refused.json()).error.code, "INVALID_INPUT");
});

Deno.test("GET session gives turns and items, oldest first, also after a restart", async () => {
  await using it = await testCodexd();
  const id = await it.session();
  assertEquals((await read(it, id)).history, "none");
  await run(it, id, "first");
  await run(it, id, "second");
  const before = await read(it, id);
  assertEquals(
    before.turns.map((turn) => turn.items.map((item) => item.type)),
    [["userMessage", "agentMessage"], ["userMessage", "agentMessage"]],
  );
  assertEquals(before.turns[1]?.items[1]?.text, "echo: second");
  await it.restart();
  const after = await read(it, id);
  assertEquals(after.turns, before.turns);
  assertEquals(
    [after.session.state, after.session.title, after.session.preview],
    ["not_loaded", "first", "first"],
  );
  const missing = await it.server.get(`${PATH}/${crypto.randomUUID()}`);
  assertEquals(missing.status, 404);
  await missing.body?.cancel();
});

Deno.test("GET sessions pages through what Codex lists and what it does not, each once", async () => {
  await using it = await testCodexd();
  const ids: string[] = [];
  for (let i = 0; i < 7; i++) {
    const id = await it.session();
    if (i % 3 !== 0) await run(it, id, `prompt ${i}`);
    ids.push(id);
  }
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: SessionList = await list(
      it,
      `?limit=2${cursor === null ? "" : `&cursor=${cursor}`}`,
    );
    assertEquals(page.count, page.sessions.length);
    seen.push(...page.sessions.map((session) => session.session_id));
    cursor = page.next_cursor;
  } while (cursor !== null);
  assertEquals(seen.toSorted(), ids.toSorted());
});

Deno.test("GET sessions refuses a bad limit and a bad cursor", async () => {
  await using it = await testCodexd();
  for (
    const query of [
      "limit=0",
      "limit=201",
      "limit=x",
      "limit=1e1",
      "limit=0x10",
      "cursor=nonsense",
    ]
  ) {
    const response = await it.server.get(`${PATH}?${query}`);
    const { error } = await response.json();
    assertEquals([response.status, error.code], [400, "INVALID_INPUT"], query);
  }
});

Deno.test("GET sessions shows what codexd knows by itself while Codex is away", async () => {
  await using it = await testCodexd({
    env: { BAA_CODEX_BIN: "/nowhere/codex" },
  });
  assertEquals(await list(it), {
    count: 0,
    next_cursor: null,
    sessions: [],
    complete: false,
  });
});

Deno.test("an ephemeral session ends with its app-server", async () => {
  await using it = await testCodexd();
  const id = await it.session({ ephemeral: true });
  await run(it, id, "first");
  assertEquals((await list(it)).sessions.map((session) => session.session_id), [
    id,
  ]);
  it.machine.lives[0]?.kill("SIGKILL");
  await it.machine.next();
  const response = await it.server.post("/v1/codexd/turn", {
    session_id: id,
    input: "second",
  });
  assertEquals((await response.json()).error.code, "NOT_FOUND");
  assertEquals((await read(it, id)).session.state, "ended");
  assertEquals((await list(it)).count, 0);
});

Deno.test("a session that has had no turn yet survives the end of the app-server", async () => {
  await using it = await testCodexd();
  const id = await it.session();
  const next = it.machine.next();
  it.machine.lives[0]?.kill("SIGKILL");
  assertNotEquals((await next).pid, it.machine.lives[0]?.pid);
  await run(it, id, "first");
  assertEquals((await read(it, id)).turns.length, 1);
});
