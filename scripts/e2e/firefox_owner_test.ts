import { assert, assertEquals } from "@std/assert";
import type { Firefox } from "../../conductor/browser/testing/firefox.ts";
import { until } from "../../shared/testing/until.ts";
import { FirefoxRig, firefoxTest } from "../testing/firefox_rig.ts";

const UUID = "0b7a52c1-93ab-4c11-8f0e-3d2a9c1b7e55";
const POPUP = `moz-extension://${UUID}/popup.html`;

/** Gives the extension an address that a test knows. */
const KNOWN = {
  "extensions.webextensions.uuids": JSON.stringify({
    "bridge@conductor.makefile.so": UUID,
  }),
};

firefoxTest(
  "The popup shows the state, and does what the owner clicks",
  async () => {
    await using rig = await FirefoxRig.start();
    const firefox = await rig.openFirefox({ preferences: KNOWN });
    await firefox.newTab(POPUP);
    const shows = (text: string) => showsText(firefox, text);
    await shows("connected");
    await shows("Automation: running");
    await shows("Last request: none");
    await rig.act({
      action: "open_tab",
      url: `${rig.site.origin}/login`,
      container: await firefox.addContainer("Office"),
    });
    await rig.request({ path: "/me" });
    await shows(`Last request: ${rig.site.host} · container Office`);
    await firefox.click('[data-action="pause"]');
    await shows("Automation: paused");
    assertEquals((await rig.call("/v1/system/state")).data.mode, "paused");
    const { entries } = (await rig.call("/v1/audit")).data;
    assertEquals(entries[0].action, "system.pause");
    assertEquals(entries[0].source, "websocket");

    await firefox.click('[name="paused"]');
    await firefox.click('[type="submit"]');
    await rig.until((it) => !it.bridge.connected);
    await shows("paused");
    await firefox.click('[name="paused"]');
    await firefox.click('[type="submit"]');
    await rig.until((it) => it.bridge.connected);
  },
);

firefoxTest(
  "The popup says what is wrong with the token, and takes another",
  async () => {
    const token = "correct-horse-battery";
    await using rig = await FirefoxRig.start({ BAA_SHARED_TOKEN: token });
    const firefox = await rig.startFirefox({ preferences: KNOWN });
    await firefox.newTab(POPUP);
    await showsText(firefox, "conductor wants another token");
    await firefox.type('[name="token"]', token);
    await firefox.click('[type="submit"]');
    await rig.until((it) => it.bridge.connected);
    await showsText(firefox, "connected");
  },
);

firefoxTest(
  "A further Firefox waits to be paired, and then comes in by itself",
  async () => {
    await using rig = await FirefoxRig.start();
    await rig.openFirefox();
    const second = await rig.startFirefox({ preferences: KNOWN });
    await second.newTab(POPUP);
    await showsText(second, "not paired");
    assertEquals((await rig.view()).summary.connected_clients, 1);
    assertEquals((await rig.act({ action: "pair" })).data.ok, true);
    await rig.until((it) => it.summary.connected_clients === 2);
    await showsText(second, "connected");
  },
);

firefoxTest(
  "Tabs are brought to the front, reloaded and brought back",
  async () => {
    await using rig = await FirefoxRig.start();
    const { site } = rig;
    const firefox = await rig.openLoggedIn();
    const focused = await rig.act({ action: "tab_focus", platform: "site" });
    const tab_id = focused.data.result.tabId;
    await rig.until((it) =>
      it.tabs.some((tab) => tab.tab_id === tab_id && tab.active)
    );
    const loads = site.to("/login").length;
    assertEquals(
      (await rig.act({ action: "tab_reload", tab_id })).data.ok,
      true,
    );
    assertEquals(site.to("/login").length, loads + 1);

    await firefox.newTab("about:blank");
    await firefox.discardTabs();
    await rig.until((it) =>
      it.tabs.some((tab) => tab.tab_id === tab_id && tab.load === "discarded")
    );
    const asleep = await rig.request({ path: "/me" });
    assertEquals(asleep.error.details, {
      reason: "tab_busy",
      tabs: [{ tab_id, state: "discarded" }],
    });
    assertEquals(asleep.error.retryable, false);
    assert(asleep.error.hint.includes("tab_restore"));
    const awake = await rig.act({ action: "tab_restore", tab_id });
    assertEquals(awake.data.result.url, `${site.origin}/login`);
    const used = await rig.request({ path: "/me", tab_id });
    assertEquals(used.data?.via, "page", JSON.stringify(used));

    await firefox.newTab(`${site.origin}/page`);
    const { tabs } = await rig.until((it) =>
      it.tabs.some((tab) =>
        tab.url.endsWith("/page") && tab.load === "complete"
      )
    );
    const closed = tabs.find((tab) => tab.url.endsWith("/page"));
    await firefox.closeTab();
    await rig.until((it) => !it.tabs.some((tab) => tab.url.endsWith("/page")));
    const back = await rig.act({
      action: "tab_restore",
      tab_id: closed?.tab_id,
    });
    assertEquals(
      back.data.result.url,
      `${site.origin}/page`,
      JSON.stringify(back),
    );

    const nowhere = await rig.act({ action: "tab_focus", platform: "gemini" });
    assertEquals(nowhere.data.ok, false);
    assertEquals(nowhere.data.error.code, "no_tab");
    const status = await rig.act({ action: "plugin_status" });
    assert(status.data.result.lastErrors[0].message.includes("gemini"));
  },
);

/** Waits until the current page shows `text`. */
async function showsText(firefox: Firefox, text: string): Promise<void> {
  await until(() => firefox.text(), (shown) => shown.includes(text), {
    withinMs: 60_000,
    everyMs: 100,
  });
}
