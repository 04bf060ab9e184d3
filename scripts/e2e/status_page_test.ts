import { assert, assertEquals } from "@std/assert";
import { hasChromium, launchChromium, openPage } from "../testing/chromium.ts";
import { startDaemon } from "../testing/daemon.ts";

const HOSTILE =
  `"><script>document.title="owned"</script><img src=x onerror=alert(1)>`;

/** Runs a command as a task to its end. */
async function runTask(origin: string, command: string): Promise<void> {
  const created = await fetch(`${origin}/v1/tasks`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      title: HOSTILE,
      kind: "exec",
      payload: { command },
    }),
  });
  const { data } = await created.json();
  const log = await fetch(`${origin}/v1/tasks/${data.task_id}/logs`, {
    headers: { accept: "text/event-stream" },
  });
  await log.text();
}

async function pause(origin: string, reason: string): Promise<void> {
  const answer = await fetch(`${origin}/v1/system/pause`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ reason }),
  });
  await answer.body?.cancel();
  assertEquals(answer.status, 200);
}

Deno.test({
  name:
    "the status page is sound in a real Chromium (needs chromium, and deno task real-parts)",
  ignore: !hasChromium,
  async fn() {
    await using daemon = await startDaemon("conductor");
    await runTask(daemon.origin, "true");
    await runTask(daemon.origin, "exit 3");
    await pause(daemon.origin, "x".repeat(400));
    await using browser = await launchChromium();
    const grounds = new Set<string>();
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1280, 390, 320]) {
        await using opened = await openPage(browser, { width, colorScheme });
        const { page, complaints, requests } = opened;
        const url = `${daemon.origin}/v1/status/ui`;
        const response = await page.goto(url);
        assertEquals(response?.status(), 200);
        // The policy lets the page's own style in, and nothing is refused.
        assertEquals(complaints, []);
        assertEquals(requests, [url]);
        assertEquals(await page.title(), "Paused · mini");
        assertEquals(await page.textContent("h1"), "Paused");
        assert((await page.textContent("main"))?.includes(HOSTILE));
        assertEquals(await opened.beyond(), 0, `it is wider than ${width}`);
        const drawn = await page.evaluate<number>(
          `document.querySelectorAll("svg rect.good, svg rect.bad").length`,
        );
        assertEquals(drawn, 2);
        grounds.add(
          await page.evaluate<string>(
            "getComputedStyle(document.body).backgroundColor",
          ),
        );
      }
    }
    assertEquals(grounds.size, 2);
  },
});
