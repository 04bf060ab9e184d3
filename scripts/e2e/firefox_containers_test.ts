import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { LoginSite } from "../../conductor/browser/testing/login_site.ts";
import { EXTENSION, FirefoxRig, firefoxTest } from "../testing/firefox_rig.ts";

/** Logs a person in at the site, in a container. */
async function login(
  rig: FirefoxRig,
  who: { readonly as: string; readonly container?: string },
): Promise<number> {
  const { as, ...where } = who;
  const url = `${rig.site.origin}/login?as=${as}`;
  const { data } = await rig.act({ action: "open_tab", url, ...where });
  assertEquals(data.ok, true, JSON.stringify(data));
  assertEquals(data.result.container, where.container ?? "default");
  return data.result.tabId;
}

firefoxTest(
  "Firefox answers with the login of the container that is meant",
  async () => {
    await using rig = await FirefoxRig.start();
    const firefox = await rig.openFirefox();
    const office = await firefox.addContainer("Office");
    const who = async (body: Readonly<Record<string, unknown>> = {}) => {
      const { data, error } = await rig.request({ path: "/me", ...body });
      if (data === undefined) return error;
      const { container, cookie_store, status, tab_id, via } = data;
      const { user = null } = JSON.parse(data.body);
      return { user, status, container, cookie_store, tab_id, via };
    };
    const fromDefault = {
      container: "default",
      cookie_store: "firefox-default",
    };
    const nobody = { ...fromDefault, user: null, status: 401 };
    const background = { tab_id: null, via: "background" };

    // Nobody has a tab: the default one is asked, and no other stands in.
    assertEquals(await who(), { ...nobody, ...background });
    const none = await who({ container: "Office" });
    assertEquals(none.details.reason, "no_tab");
    assertEquals(none.retryable, false);
    assertStringIncludes(none.hint, "open_tab");
    assertEquals(rig.site.to("/me").length, 1);

    const grace = await login(rig, { as: "grace", container: "Office" });
    const fromOffice = {
      user: "grace",
      status: 200,
      container: "Office",
      cookie_store: office,
      tab_id: grace,
      via: "page",
    };
    assertEquals(await who(), fromOffice, "the one container that has a tab");
    assertEquals(await who({ container: "default" }), {
      ...nobody,
      ...background,
    });

    const ada = await login(rig, { as: "ada" });
    const fromAda = {
      ...fromDefault,
      user: "ada",
      status: 200,
      tab_id: ada,
      via: "page",
    };
    for (const container of ["Office", office]) {
      assertEquals(await who({ container }), fromOffice);
    }
    for (const container of ["default", "firefox-default"]) {
      assertEquals(await who({ container }), fromAda);
    }
    assertEquals(await who({ tab_id: grace }), fromOffice);
    assertEquals(await who({ tab_id: ada }), fromAda);

    for (const [container, tabId] of [["Office", grace], ["default", ada]]) {
      const { data } = await rig.act({
        action: "tab_reload",
        platform: "site",
        container,
      });
      assertEquals(data.result.tabId, tabId);
    }
    for (const action of ["tab_reload", "tab_focus"]) {
      const several = await rig.act({ action, platform: "site" });
      assertEquals(several.data.error.code, "ambiguous_container");
      assertStringIncludes(several.data.error.message, "Office");
    }
    for (const action of ["tab_reload", "tab_focus", "tab_restore"]) {
      const crossed = { action, tab_id: ada, container: "Office" };
      const { data } = await rig.act(crossed);
      assertEquals(data.error.code, "wrong_tab", action);
    }
    const home = await rig.act({
      action: "open_tab",
      platform: "site",
      container: "Home",
    });
    assertEquals(home.data.error.code, "no_container");

    const before = rig.site.to("/me").length;
    const ambiguous = await rig.request({ path: "/me" });
    assertEquals(ambiguous.status, 409);
    assertEquals(ambiguous.error.details.reason, "ambiguous_container");
    const choices = [
      { container: "default", cookie_store: "firefox-default", tab_ids: [ada] },
      { container: "Office", cookie_store: office, tab_ids: [grace] },
    ];
    assertEquals(
      ambiguous.error.details.choices
        .toSorted((a: { readonly container: string }) =>
          a.container === "default" ? -1 : 1
        ),
      choices,
    );
    const [ended] = await Array.fromAsync(await rig.stream({ path: "/me" }));
    assertEquals(ended?.event, "stream_error");
    assertEquals(ended?.data.details.reason, "ambiguous_container");
    assertStringIncludes(ended?.data.hint, "container");
    const crossed = await who({ tab_id: ada, container: "Office" });
    assertEquals(crossed.details.reason, "wrong_tab");
    const unknown = await rig.request({ path: "/me", container: "Home" });
    assertEquals(unknown.status, 400);
    assertStringIncludes(unknown.error.message, "Office");
    assertEquals(rig.site.to("/me").length, before, "none of them was sent");

    // A page whose policy forbids it hands it to nobody else's login.
    const strict = await rig.act({
      action: "open_tab",
      url: `${rig.site.origin}/strict`,
      container: "Office",
    });
    const { tabId: tab_id } = strict.data.result;
    assertEquals((await who({ tab_id })).details.reason, "blocked");
    assertEquals(rig.site.to("/me").length, before);

    const { bridge, login_records, tabs } = await rig.until((it) =>
      new Set(it.login_records.map((record) => record.container)).size === 2 &&
      it.tabs.filter(({ container }) => container === "Office").length === 2
    );
    assertEquals(
      tabs.find((tab) => tab.tab_id === grace)?.container,
      "Office",
    );
    assert(
      bridge.clients[0]?.containers.some((it) => it.cookie_store === office),
    );
    const users = login_records.filter((it) => it.name === "user");
    assertEquals(users.length, 2);
    assert(users[0]?.fingerprint !== users[1]?.fingerprint);
    const theirs = await rig.view(`?container=Office`);
    assert(theirs.login_records.length > 0);
    assert(theirs.login_records.every((it) => it.cookie_store === office));
    assertEquals(theirs.tabs.map((it) => it.container), ["Office", "Office"]);

    // A closed tab comes back in its container, and a logout is only its own.
    await firefox.inChrome(`for (const tab of [...gBrowser.tabs]) {
      if (tab.userContextId !== 0) gBrowser.removeTab(tab);
    }`);
    await rig.until((it) => !it.tabs.some((tab) => tab.tab_id === grace));
    const restore = { action: "tab_restore", tab_id: grace };
    const crossing = await rig.act({ ...restore, container: "default" });
    assertEquals(crossing.data.error.code, "wrong_tab");
    const url = `${rig.site.origin}/me`;
    for (const address of [{}, { url }]) {
      const { data } = await rig.act({ ...restore, ...address });
      assertEquals(data.result.container, "Office");
    }
    assert(rig.site.to("/me").at(-1)?.headers.get("cookie")?.includes("grace"));
    const unnamed = { action: "tab_restore", container: "Office" };
    assertEquals((await rig.act(unnamed)).data.error.code, "no_tab");
    await rig.act({
      action: "open_tab",
      url: `${rig.site.origin}/logout`,
      container: "Office",
    });
    const left = await rig.until((it) =>
      it.login_records.some((record) => record.logged_out)
    );
    assertEquals(
      left.login_records.filter((it) => it.logged_out)
        .map((it) => it.container),
      ["Office"],
    );
  },
);

firefoxTest(
  "A redirect is followed with the login that it began with",
  async () => {
    await using other = new LoginSite("127.0.0.2");
    await using rig = await FirefoxRig.start({}, [other.host]);
    const firefox = await rig.openFirefox({
      preferences: { "network.proxy.no_proxies_on": "127.0.0.1,127.0.0.2" },
    });
    await firefox.addContainer("Office");
    await login(rig, { as: "grace", container: "Office" });
    const there = async (as: string, container?: string) => {
      const url = `${other.origin}/login?as=${as}`;
      const opened = await rig.act({ action: "open_tab", url, container });
      assertEquals(opened.data.ok, true, JSON.stringify(opened.data));
    };
    await there("ada");
    const to = encodeURIComponent(`${other.origin}/me`);
    const request = { path: `/redirect?to=${to}`, follow_redirects: true };
    const { error } = await rig.request(request);
    assertEquals(error.details.reason, "no_tab", "Ada is asked for nothing");
    assertEquals(other.to("/me").length, 0);
    await there("grace", "Office");
    const { data } = await rig.request(request);
    assertEquals(JSON.parse(data.body), { user: "grace" });
    assertEquals(data.container, "Office");
  },
);

firefoxTest("Private windows are never seen, stored or used", async () => {
  await using rig = await FirefoxRig.start();
  // One that Firefox would show them to sees them as little.
  const spanning = join(rig.folder, "spanning");
  await Deno.mkdir(spanning);
  for await (const { name, isFile } of Deno.readDir(EXTENSION)) {
    if (isFile) {
      await Deno.copyFile(join(EXTENSION, name), join(spanning, name));
    }
  }
  const manifest = join(spanning, "manifest.json");
  const text = await Deno.readTextFile(manifest);
  const { incognito: _, ...rest } = JSON.parse(text);
  assertEquals(JSON.parse(text).incognito, "not_allowed");
  await Deno.writeTextFile(manifest, JSON.stringify(rest));

  for (const addon of [EXTENSION, spanning]) {
    await rig.act({ action: "unpair" });
    const firefox = await rig.openFirefox({ addon });
    const { site } = rig;
    const seen = site.to("/login").length;
    await firefox.openPrivate(`${site.origin}/login?as=grace`);
    // The page's own script sends its cookies: the observer would have them.
    await rig.until(() => site.to("/login").length > seen);
    await rig.until(() =>
      site.to("/api/items/1234567890").some((it) =>
        it.headers.get("cookie")?.includes("grace")
      )
    );
    const { data } = await rig.request({ path: "/me" });
    assertEquals(data.via, "background");
    assertEquals(data.status, 401, "the private login is not there");
    await rig.act({ action: "request_credentials" });
    const view = await rig.view();
    assertEquals(view.tabs.filter((it) => it.url.startsWith("http")), []);
    assertEquals(view.login_records, []);
    assertEquals(view.endpoints, []);
    for (const tab_id of Array.from({ length: 8 }, (_, i) => i + 1)) {
      const { error } = await rig.request({ path: "/me", tab_id });
      assert(["no_tab", "wrong_tab"].includes(error.details.reason));
    }
    await firefox.kill();
    await rig.until((it) => !it.bridge.connected);
  }
});
