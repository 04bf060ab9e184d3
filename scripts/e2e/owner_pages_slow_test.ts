import { assert, assertEquals } from "@std/assert";
import { ScriptedClient } from "../../conductor/browser/testing/scripted_client.ts";
import { until } from "../../shared/testing/until.ts";
import { hasChromium, launchChromium } from "../testing/chromium.ts";
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
    let made = 0;
    await Promise.all(Array.from({ length: 32 }, async () => {
      while (made < TASKS) {
        const title = made++ % 2 === 0 ? LONG : HOSTILE;
        const payload = { command: "true" };
        await send(origin, ["POST", "/v1/tasks"], {
          title,
          kind: "exec",
          payload,
        });
      }
    }));
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
      const context = await browser.newContext({
        viewport: { width, height: 844 },
        colorScheme,
      });
      const page = await context.newPage();
      const complaints: string[] = [];
      const requests: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("request", (request) => requests.push(request.url()));
      for (const path of paths) {
        requests.length = complaints.length = 0;
        const url = `${origin}/v1/status/ui${path}`;
        const answer = await page.goto(url);
        const isFound = path !== "/tasks/nothing";
        assertEquals(answer?.status(), isFound ? 200 : 404);
        // Chromium itself complains of a page that is not there.
        if (isFound) assertEquals(complaints, [], path);
        const others = requests.filter((it) => !it.startsWith("data:"));
        assertEquals(others, [url]);
        const scripts = "document.scripts.length + document.images.length";
        assertEquals(await page.evaluate<number>(scripts), 0, path);
        const wide = await page.evaluate<number>(
          "document.scrollingElement.scrollWidth",
        );
        assert(wide <= width, `${path} is ${wide} wide at ${width}`);
        const current =
          "document.querySelectorAll('nav [aria-current=page]').length";
        assertEquals(await page.evaluate<number>(current), isFound ? 1 : 0);
      }
      await context.close();
    }
  },
});
