import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { until } from "../../shared/testing/until.ts";
import { FirefoxRig, firefoxTest } from "../testing/firefox_rig.ts";

/** A page that tells the site, and then does what holds it up. */
function held(what: string): string {
  return `<!doctype html><title>Held</title><script>
    addEventListener("load", () => setTimeout(() => {
      const told = new XMLHttpRequest();
      told.open("GET", "/held", false);
      told.send();
      ${what}
    }, 100));
  </script>`;
}

/** Opens such a page in a tab, and returns the tab once it is held up. */
async function openHeld(rig: FirefoxRig, what: string): Promise<number> {
  const { site } = rig;
  site.pages.set("/hold", held(what));
  site.pages.set("/held", "");
  const before = site.to("/held").length;
  const url = `${site.origin}/hold`;
  const { data } = await rig.act({ action: "open_tab", url });
  await until(
    () => Promise.resolve(site.to("/held").length),
    (times) => times > before,
  );
  return data.result.tabId;
}

for (
  const [state, what] of [
    ["busy", "for (;;);"],
    ["dialog", 'alert("Really?");'],
  ] as const
) {
  firefoxTest(
    `A tab that is held up (${state}) is passed over, or told`,
    async () => {
      await using rig = await FirefoxRig.start();
      await rig.openFirefox();
      const url = `${rig.site.origin}/login`;
      const good =
        (await rig.act({ action: "open_tab", url })).data.result.tabId;
      const tab_id = await openHeld(rig, what);

      const body = { path: "/echo", method: "POST", body: "once" };
      const passed = await rig.request(body);
      assertEquals(passed.data?.status, 200, JSON.stringify(passed.error));
      assertEquals(passed.data.tab_id, good);
      assertEquals(rig.site.to("/echo").length, 1, "it was sent once");

      const begun = performance.now();
      const named = await rig.request({ ...body, tab_id });
      assertLess(performance.now() - begun, 20_000);
      assertEquals(named.status, 502, JSON.stringify(named));
      assertEquals(named.error.details, {
        reason: "tab_busy",
        tabs: [{ tab_id, state }],
      });
      assertEquals(named.error.retryable, true);
      assertStringIncludes(named.error.message, `tab ${tab_id}`);
      const [ended] = await Array.fromAsync(
        await rig.stream({ path: "/stream", tab_id }),
      );
      assertEquals(ended?.data.details.reason, "tab_busy");
      assertEquals(rig.site.to("/echo").length, 1);
      assertEquals(rig.site.to("/stream").length, 0);
    },
  );
}

firefoxTest(
  "A dialog that keeps a tab from being reloaded is told",
  async () => {
    await using rig = await FirefoxRig.start();
    const { site } = rig;
    site.pages.set(
      "/draft",
      `<title>Draft</title><button>Write</button><script>
      addEventListener("beforeunload", (event) => event.preventDefault());
    </script>`,
    );
    const firefox = await rig.openFirefox();
    await firefox.newTab(`${site.origin}/login`);
    await firefox.navigate(`${site.origin}/draft`);
    await firefox.click("button");
    await firefox.leaveAlone();
    const { tabs } = await rig.until((it) =>
      it.tabs.some((tab) => tab.title === "Draft")
    );
    const tab_id = tabs.find((tab) => tab.title === "Draft")?.tab_id;
    const loads = site.to("/draft").length;
    const reload = await rig.act({ action: "tab_reload", tab_id });
    assertEquals(reload.data.ok, false, JSON.stringify(reload.data));
    assertEquals(reload.data.error.code, "tab_busy");
    assertStringIncludes(reload.data.error.message, "dialog");
    assertEquals(site.to("/draft").length, loads, "it was not reloaded");
    const me = await rig.request({ path: "/me", tab_id });
    assertEquals(me.error.details, {
      reason: "tab_busy",
      tabs: [{ tab_id, state: "dialog" }],
    });
  },
);
