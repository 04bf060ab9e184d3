import { assert, assertEquals, assertMatch } from "@std/assert";
import { FakeCodexd } from "../../conductor/codex/testing/fake_codexd.ts";
import {
  hasChromium,
  launchChromium,
  openPage,
  type Page,
} from "../testing/chromium.ts";
import { startDaemon } from "../testing/daemon.ts";

const TOKEN = "the-owner-4711-x9k2";
const CODEX = "/v1/status/ui/codex";

/** Serves a page elsewhere that sends a form as soon as it is opened. */
function elsewhere(action: string, fields: Readonly<Record<string, string>>) {
  const inputs = Object.entries(fields).map(([name, value]) =>
    `<input name="${name}" value="${value}">`
  );
  const html = `<form method="post" action="${action}">${
    inputs.join("")
  }</form><script>document.forms[0].submit()</script>`;
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(html, { headers: { "content-type": "text/html" } }),
  );
}

Deno.test({
  name:
    "the owner signs in, answers Codex and signs out in a real Chromium, and another site's form does nothing (needs chromium, and deno task real-parts)",
  ignore: !hasChromium,
  async fn() {
    await using codexd = new FakeCodexd();
    await using daemon = await startDaemon("conductor", {
      ...codexd.env,
      BAA_SHARED_TOKEN: TOKEN,
    });
    const { origin } = daemon;
    codexd.ask("apr_1");
    codexd.ask("apr_2");
    const [asked] = codexd.approvals;
    assert(asked !== undefined);
    const question = {
      question: "What?",
      options: [{ label: "x".repeat(90) }],
    };
    codexd.approvals.push({
      ...asked,
      approval_id: "apr_3",
      request: {
        questions: [
          { id: "one", ...question },
          { id: "other", isOther: true, ...question },
        ],
      },
    });
    const answered = () =>
      codexd.seen.filter(({ method }) => method === "POST")
        .map(({ body }) => [body?.approval_id, body?.decision]);
    await using browser = await launchChromium();
    await using opened = await openPage(browser, {
      width: 320,
      colorScheme: "dark",
    });
    const { page, complaints, beyond } = opened;
    const text = async () => await page.textContent("main") ?? "";

    const first = await page.goto(origin + CODEX);
    assertEquals(first?.status(), 401);
    assertEquals(await beyond(), 0);
    await page.fill("#token", "not-the-owner-1234");
    await page.click("form.form button");
    assertMatch(await text(), /That is not the shared token/);
    await page.fill("#token", TOKEN);
    await page.click("form.form button");
    assertEquals(page.url(), origin + CODEX);
    assertMatch(await text(), /apr_1.*apr_2/s);
    assertEquals(await page.evaluate<string>("document.cookie"), "");
    assertEquals(await beyond(), 0);

    const [, key = ""] = /name="key" value="([^"]+)"/.exec(
      await page.evaluate<string>("document.body.innerHTML"),
    ) ?? [];
    await attack(page, { origin, key });
    assertEquals(answered(), [], "another site's form did something");

    await page.goto(origin + CODEX);
    await page.click(
      `form[action$="/apr_1"] button[value="accept"]`,
    );
    assert(page.url().startsWith(`${origin}${CODEX}?done=`), page.url());
    assertMatch(await text(), /Answered: accept, by somebody/);
    assert(!/apr_1/.test(await text()));
    assertEquals(answered(), [["apr_1", "accept"]]);

    await page.goto(`${origin}/v1/status/ui`);
    await page.click("nav button");
    assertEquals(page.url(), `${origin}/v1/status/ui`);
    const last = await page.goto(origin + CODEX);
    assertEquals(last?.status(), 401);
    const refused = complaints.filter((it) => !/status of 40[13]/.test(it));
    assertEquals(refused, [], "the policy refuses what a page is made of");
  },
});

/** Opens pages elsewhere that send forms here, in the owner's own browser. */
async function attack(
  page: Page,
  { origin, key }: { readonly origin: string; readonly key: string },
): Promise<void> {
  for (
    const [path, fields] of [
      ["/v1/status/approvals/apr_1", { key, decision: "accept" }],
      ["/v1/status/session", { token: TOKEN }],
      ["/v1/status/session", { sign_out: "1" }],
    ] as const
  ) {
    await using site = elsewhere(origin + path, fields);
    // The same site on another port, and another site.
    for (const host of ["127.0.0.1", "localhost"]) {
      await page.goto(`http://${host}:${site.addr.port}/`);
      await page.waitForURL(origin + path);
      const shown = await page.textContent("body") ?? "";
      assertMatch(shown, /ORIGIN_NOT_ALLOWED/, `${host} ${path}`);
    }
  }
}
