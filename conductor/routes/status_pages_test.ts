import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Database as Connection } from "@db/sqlite";
import { join } from "@std/path";
import { tempDir } from "../../shared/testing/fakes.ts";
import { FakeCodexd } from "../codex/testing/fake_codexd.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

const UI = "/v1/status/ui";
const PAGES = ["tasks", "schedules", "codex", "browser", "audit", "node"];
const HOSTILE = `"><script>alert(1)</script><b/onclick=x>'&\u202e\u0007`;

async function page(it: TestConductor, path: string, status = 200) {
  const answer = await it.server.get(`${UI}/${path}`);
  const html = await answer.text();
  assertEquals(answer.status, status, html.slice(-1500));
  assertEquals(answer.headers.get("content-type"), "text/html; charset=utf-8");
  const policy = answer.headers.get("content-security-policy") ?? "";
  assertStringIncludes(policy, "default-src 'none'");
  assertStringIncludes(policy, "form-action 'self'");
  assertStringIncludes(policy, "frame-ancestors 'none'");
  assertEquals(answer.headers.get("x-frame-options"), "DENY");
  assertEquals(answer.headers.get("cache-control"), "no-store");
  assert(!/<script|<b\/| on[a-z]+=| style=/i.test(html), path);
  assert(!html.includes("\u202e") && !html.includes("\u0007"), path);
  assert(new TextEncoder().encode(html).length <= 102_400, path);
  return html;
}

/** Runs a command as a task to its end. Returns its id. */
async function runTask(
  it: TestConductor,
  command: string,
  more: Record<string, unknown> = {},
): Promise<string> {
  const task = await it.server.data("POST", "/v1/tasks?wait_ms=20000", {
    title: HOSTILE,
    kind: "exec",
    payload: { command },
    ...more,
  });
  return String(task.task_id);
}

Deno.test("GET /v1/status/ui/:page shows each page, marked in the navigation, every value escaped", async () => {
  await using it = await testConductor();
  await runTask(it, "exit 3", { labels: [HOSTILE] });
  await it.server.data("PUT", "/v1/schedules/nightly", {
    cron: "30 2 * * *",
    timezone: "UTC",
    task: { title: HOSTILE, kind: "exec", payload: { command: "true" } },
  });
  for (const name of PAGES) {
    const html = await page(it, name);
    assertMatch(html, new RegExp(`href="${UI}/${name}" aria-current="page"`));
    for (const other of PAGES) assertStringIncludes(html, `${UI}/${other}"`);
  }
  const schedules = await page(it, "schedules");
  assertStringIncludes(schedules, "Schedules of the next 24 hours");
  assertStringIncludes(schedules, "30 2 * * *");
  assertMatch(schedules, /\d\d:\d\d, in \d.*\d\d:\d\d<\/small>/s);
  assertStringIncludes(await page(it, "browser"), "no extension is connected");
  assertStringIncludes(await page(it, "codex"), "cannot be read now");
  const node = await page(it, "node");
  assertStringIncludes(node, "any program on this machine is the owner");
  assertStringIncludes(node, "mini-main");
  assertMatch(await page(it, "nothing", 404), /Cannot find/);
});

Deno.test("GET /v1/status/ui leads on to the pages and to tasks, a stranger's does not", async () => {
  await using it = await testConductor();
  const id = await runTask(it, "exit 3");
  const own = await (await it.server.get(UI)).text();
  assertStringIncludes(own, `href="${UI}/tasks/${id}"`);
  assertStringIncludes(own, `href="${UI}" aria-current="page"`);
  const headers = { "x-forwarded-for": "203.0.113.9" };
  const stranger = await (await it.server.get(UI, { headers })).text();
  assert(!stranger.includes("<nav"));
  for (const path of [...PAGES, `tasks/${id}`]) {
    const refused = await it.server.get(`${UI}/${path}`, { headers });
    assertEquals(refused.status, 403);
    assertStringIncludes(await refused.text(), "NOT_EXPOSED");
  }
});

Deno.test("GET /v1/status/ui/tasks filters, and pages to the oldest task", async () => {
  await using it = await testConductor();
  await it.server.data("POST", "/v1/system/pause", {});
  const made: string[] = [];
  for (let i = 0; i < 120; i++) {
    const { task_id } = await it.server.data("POST", "/v1/tasks", {
      title: `Task ${i}`,
      kind: "exec",
      payload: { command: "true" },
      labels: i % 40 === 0 ? ["rare & <fine>"] : [],
    });
    made.unshift(String(task_id));
  }
  const idsOf = (html: string) =>
    [...html.matchAll(/ui\/tasks\/(task_[\w-]+)"/g)].map(([, id]) => id);
  const seen: (string | undefined)[] = [];
  let next: string | undefined = "tasks?status=queued&label=";
  while (next !== undefined) {
    const html = await page(it, next);
    seen.push(...idsOf(html));
    const [, query] = /href="[^"?]*(\?[^"]*cursor=[^"]*)" rel="next"/
      .exec(html) ?? [];
    next = query && `tasks${query.replaceAll("&amp;", "&")}`;
  }
  assertEquals(seen, made);
  assertStringIncludes(await page(it, "tasks"), `http-equiv="refresh"`);
  const label = encodeURIComponent("rare & <fine>");
  const rare = await page(it, `tasks?label=${label}`);
  assertEquals(idsOf(rare).length, 3);
  assert(!rare.includes("refresh"), "a label may be being typed");
  assertStringIncludes(rare, `value="rare &amp; &lt;fine&gt;"`);
  const none = await page(it, "tasks?status=failed&kind=exec");
  assert(!none.includes("refresh"), "nothing on it changes");
  assertStringIncludes(none, "No task matches");
  await page(it, "tasks?cursor=nonsense", 400);
});

Deno.test("GET /v1/status/ui/tasks/:task_id tells why a task failed, and shows the end of what it printed", async () => {
  await using it = await testConductor();
  const id = await runTask(
    it,
    `seq 1 40000; printf '\\033[31mlast <words>\\033[0m\\n'; printf 'to stderr \\007' >&2; exit 3`,
    { max_attempts: 2, labels: ["nightly"] },
  );
  const html = await page(it, `tasks/${id}`);
  for (
    const part of [
      "Why it failed",
      "EXEC_EXIT_NON_ZERO",
      "2 of 2",
      "nightly",
      "End of its log",
      "End of stdout, 229 kB in all",
      "39999\n40000\nlast &lt;words&gt;",
      "Last line of stderr:</span> <code>to stderr \\u0007",
      `curl -X POST &#39;${it.origin}/v1/tasks/${id}/retry&#39;`,
      id,
    ]
  ) assertStringIncludes(html, part);
  assert(!html.includes("refresh"), "it has ended");
  const status = await (await it.server.get(UI)).text();
  assertStringIncludes(status, "<code>to stderr \\u0007</code>");
  const place = new RegExp(`href="${UI}/tasks/${id}"`, "g");
  assertEquals(status.match(place)?.length, 1, "two attempts, one place");
  const missing = await page(it, "tasks/task_nope", 404);
  assertStringIncludes(missing, "Not found");
});

Deno.test("The owner's pages need the token where one is set", async () => {
  await using it = await testConductor({
    BAA_SHARED_TOKEN: "the-owner-4711-x9k2",
  });
  for (const name of PAGES) {
    const refused = await it.server.get(`${UI}/${name}`);
    await refused.body?.cancel();
    assertEquals(refused.status, 401);
  }
  const front = await (await it.server.get(UI)).text();
  assert(!front.includes("<nav"));
});

Deno.test("GET /v1/status/ui/codex shows what waits, the sessions and the tokens", async () => {
  await using codexd = new FakeCodexd();
  codexd.available = false;
  codexd.reason = HOSTILE;
  await using it = await testConductor(codexd.env);
  await codexd.followed();
  const html = await page(it, "codex");
  for (const part of ["session-1", "Tokens by day", "120", "&lt;script&gt;"]) {
    assertStringIncludes(html, part);
  }
  codexd.hide();
  assertStringIncludes(await page(it, "codex"), "cannot be read now");
});

Deno.test("GET /v1/status/ui/audit shows what was done, and that the chain is whole or broken", async () => {
  await using it = await testConductor();
  await runTask(it, "echo 'an audited command'");
  const whole = await page(it, "audit");
  for (const part of ["whole", "tasks.create", "an audited command"]) {
    assertStringIncludes(whole, part);
  }
  assertMatch(whole, /<span title="task_[\w-]{30,}">task_[\w-]{11}…</);
  const raw = new Connection(
    join(it.folder, "state", "conductor", "conductor.db"),
  );
  raw.exec(`DROP TRIGGER audit_unchanging;
    UPDATE audit SET action = 'nothing' WHERE seq = 2`);
  raw.close();
  const broken = await page(it, "audit");
  assertStringIncludes(broken, "The trail is not whole: row 2");
});

Deno.test("GET /v1/status/ui/audit has a trail verified however long it is", async () => {
  await using it = await testConductor();
  const raw = new Connection(
    join(it.folder, "state", "conductor", "conductor.db"),
  );
  raw.exec("PRAGMA busy_timeout = 5000");
  for (const end of ["audit_head", "audit_checkpoint"]) {
    raw.exec(`UPDATE ${end} SET seq = 1000000, hash = 'h'`);
  }
  raw.close();
  await runTask(it, "true");
  const html = await page(it, "audit");
  assertMatch(html, />whole<.*<dt>Head<\/dt><dd>100000\d /s);
  assert(!/not yet|Written since/.test(html));
});

Deno.test("GET /v1/status/ui/node shows the newest backup, and whether it was verified", async () => {
  await using it = await testConductor();
  assertStringIncludes(await page(it, "node"), "No backup yet");
  await it.server.data("POST", "/v1/system/backup", {});
  assertMatch(
    await page(it, "node"),
    /conductor-\d{4}[\w-]+\.db<.*asked for.*verified/s,
  );
});

Deno.test("The owner's pages answer without the database, and say why there is nothing", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(dir.join("conductor"));
  await Deno.writeTextFile(
    dir.join("conductor", "conductor.db"),
    "no database",
  );
  await using it = await testConductor({ BAA_STATE_DIR: dir.path });
  for (const name of PAGES) {
    const html = await page(it, name);
    if (name !== "codex") assertStringIncludes(html, "not a database");
  }
  await page(it, "tasks/task_1", 503);
});

Deno.test("The owner's pages are shown by a standby, too", async () => {
  await using leader = await testConductor();
  const id = await runTask(leader, "echo from the leader");
  await using standby = await testConductor({
    BAA_STATE_DIR: join(leader.folder, "state"),
    BAA_NODE_ID: "mini-second",
  });
  assertStringIncludes(await page(standby, "node"), "standby");
  assertStringIncludes(await page(standby, `tasks/${id}`), "from the leader");
});

Deno.test("The page of the node tells what the last attack on it found", async () => {
  await using it = await testConductor();
  assertStringIncludes(await page(it, "node"), "Not run yet");
  const path = join(it.folder, "state", "conductor", "last-attack.json");
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      at: "2026-01-01T00:00:00.000Z",
      against: "http://127.0.0.1:4317",
      version: "0.0.7",
      passed: 41,
      failed: 1,
      left_out: 2,
      vectors: [{
        name: HOSTILE,
        room: "Host",
        outcome: "failed",
        why: "200 OK",
      }],
    }),
  );
  const html = await page(it, "node");
  assertStringIncludes(html, "1 got through");
  assertStringIncludes(html, "41 passed, 1 failed, 2 left out");
  assertStringIncludes(html, "0.0.7");
  assertStringIncludes(html, "2026-01-01");
  assertStringIncludes(html, "200 OK");
  for (const broken of ["[]", "{", "x".repeat(300_000)]) {
    await Deno.writeTextFile(path, broken);
    assertStringIncludes(await page(it, "node"), "no result of an attack");
  }
});
