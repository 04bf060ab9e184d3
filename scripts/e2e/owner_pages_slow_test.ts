import { assert, assertEquals } from "@std/assert";
import { Database as Connection } from "@db/sqlite";
import { join } from "@std/path";
import { ScriptedClient } from "../../conductor/browser/testing/scripted_client.ts";
import { until } from "../../shared/testing/until.ts";
import { hasChromium, launchChromium, openPage } from "../testing/chromium.ts";
import { startDaemon } from "../testing/daemon.ts";

const TASKS = 10_000;
const LONG = "x".repeat(400);
const HOSTILE =
  `"><script>document.title="owned"</script><img src=x onerror=alert(1)>\u202e\u0007`;

async function send(
  origin: string,
  [method, path]: readonly [string, string],
  body: unknown,
): Promise<Record<string, string>> {
  const answer = await fetch(origin + path, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const { ok, data, error } = await answer.json();
  assert(ok, `${path}: ${error?.message}`);
  return data;
}

/** Queues each task that is queued again and again: over HTTP it takes ten times as long. */
function copyQueued(database: string): void {
  const connection = new Connection(database);
  connection.exec("PRAGMA busy_timeout = 5000");
  const columns = connection.prepare(
    "SELECT name FROM pragma_table_info('tasks') WHERE name <> 'seq'",
  ).values<[string]>().map(([name]) => name);
  const values = columns.map((it) => it === "task_id" ? "task_id || n" : it);
  connection.exec(`INSERT INTO tasks (${columns})
    WITH RECURSIVE numbers (n) AS
      (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${TASKS / 2})
    SELECT ${values} FROM numbers, tasks WHERE status = 'queued'
    ORDER BY n, seq`);
  connection.close();
}

/** A browser that names itself, its containers and its logins as badly as it may. */
async function connectBrowser(origin: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.connect(origin);
  const container = { cookieStore: "c".repeat(256), name: "y".repeat(256) };
  client.say({
    type: "client_info",
    browser: "z".repeat(256),
    platform: HOSTILE,
  });
  client.say({
    type: "tabs",
    tabs: [{
      id: 1,
      url: "https://claude.ai/",
      cookieStore: container.cookieStore,
    }],
    containers: [container],
  });
  client.say({
    type: "credentials",
    credentials: Array.from({ length: 60 }, (_, at) => ({
      host: `${at}.claude.ai`,
      header: "cookie",
      name: "n".repeat(256),
      fingerprint: "0123456789abcdef",
      length: 9,
      cookieStore: container.cookieStore,
    })),
  });
  return client;
}

Deno.test({
  name:
    "the owner's pages are sound in a real Chromium over 10 000 tasks and hostile names (needs chromium, and deno task real-parts)",
  ignore: !hasChromium,
  async fn() {
    await using daemon = await startDaemon("conductor");
    const { origin } = daemon;
    await using _client = await connectBrowser(origin);
    const command = `yes '<b>${LONG}' | head -c 3000000; ` +
      `head -c 100000 /dev/urandom; echo end >&2; exit 3`;
    const bad = await send(origin, ["POST", "/v1/tasks?wait_ms=30000"], {
      title: LONG,
      kind: "exec",
      payload: { command },
      labels: ["l".repeat(100), HOSTILE],
    });
    await send(origin, ["PUT", `/v1/schedules/${"s".repeat(64)}`], {
      cron: "*/30 * * * *",
      timezone: "America/Argentina/ComodRivadavia",
      task: { title: LONG, kind: "exec", payload: { command: "true" } },
    });
    await send(origin, ["POST", "/v1/system/backup"], {});
    await send(origin, ["POST", "/v1/system/pause"], { reason: LONG });
    for (const title of [LONG, HOSTILE]) {
      const payload = { command: "true" };
      const task = { title, kind: "exec", payload };
      await send(origin, ["POST", "/v1/tasks"], task);
    }
    copyQueued(join(daemon.folder, "state/conductor/conductor.db"));
    const status = await (await fetch(`${origin}/v1/status`)).json();
    assertEquals(status.data.queue.queued_tasks, TASKS + 2);
    const read = async (path: string) =>
      await (await fetch(`${origin}/v1/status/ui${path}`)).text();
    await until(async () =>
      (await read("/browser")).includes("25 of 60 records")
    );
    const [, older = ""] = /href="([^"]*)" rel="next"/
      .exec(await read("/tasks")) ?? [];
    const paths = [
      "",
      "/tasks",
      older.replace("/v1/status/ui", ""),
      `/tasks/${bad["task_id"]}`,
      "/tasks/nothing",
      "/schedules",
      "/codex",
      "/browser",
      "/audit",
      "/node",
    ];
    for (const path of paths) {
      const bytes = new TextEncoder().encode(await read(path)).length;
      assert(bytes <= 102_400, `${path} has ${bytes} bytes`);
    }
    await using browser = await launchChromium();
    for (
      const [colorScheme, width] of [
        ["light", 1280],
        ["dark", 390],
        ["light", 320],
      ] as const
    ) {
      await using opened = await openPage(browser, { width, colorScheme });
      const { page, complaints, requests } = opened;
      for (const path of paths) {
        requests.length = complaints.length = 0;
        const url = `${origin}/v1/status/ui${path}`;
        const answer = await page.goto(url);
        const isFound = path !== "/tasks/nothing";
        assertEquals(answer?.status(), isFound ? 200 : 404);
        // Chromium itself complains of a page that is not there.
        if (isFound) assertEquals(complaints, [], path);
        assertEquals(requests, [url]);
        const scripts = "document.scripts.length + document.images.length";
        assertEquals(await page.evaluate<number>(scripts), 0, path);
        const wide = await opened.beyond();
        assert(wide <= 0, `${path} is ${wide} wider than ${width}`);
        const current =
          "document.querySelectorAll('nav [aria-current=page]').length";
        assertEquals(await page.evaluate<number>(current), isFound ? 1 : 0);
      }
    }
  },
});
