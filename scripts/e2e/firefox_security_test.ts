import { assert, assertEquals } from "@std/assert";
import {
  ATTACK_PAGE,
  BRIDGE_PAGE,
} from "../../conductor/browser/testing/hostile_pages.ts";
import { CANARIES } from "../../conductor/browser/testing/login_site.ts";
import { Tap } from "../../conductor/browser/testing/tap.ts";
import { textsIn } from "../testing/files.ts";
import { readEvents } from "../../shared/testing/sse_reader.ts";
import { FirefoxRig, firefoxTest } from "../testing/firefox_rig.ts";

firefoxTest(
  "A hostile page in the same Firefox can neither open the bridge nor have anything done",
  async () => {
    await using rig = await FirefoxRig.start();
    const firefox = await rig.openLoggedIn({
      preferences: { "network.dns.localDomains": "evil.test,rebind.test" },
    });
    const { site, origin, folder } = rig;
    const { port } = new URL(origin);
    const evil = new URL(site.origin);
    evil.hostname = "evil.test";
    const proof = `${folder}/evil-was-here`;
    const before = await rig.view();
    site.pages.set("/bridge", BRIDGE_PAGE).set("/attack", ATTACK_PAGE);
    // The same machine's other port is another origin, too.
    const doors = [
      [evil.origin, "127.0.0.1"],
      [evil.origin, "rebind.test"],
      [site.origin, "127.0.0.1"],
    ] as const;
    for (const [from, host] of doors) {
      const ws = encodeURIComponent(`ws://${host}:${port}/ws/firefox`);
      await firefox.newTab(`${from}/bridge?ws=${ws}`);
      assertEquals(
        JSON.parse(await firefox.text("over")),
        ["refused", "refused", "refused", "refused"],
        `${from} ${host}`,
      );
    }
    for (const from of [evil.origin, site.origin]) {
      const query = new URLSearchParams({ base: origin, proof });
      await firefox.newTab(`${from}/attack?${query}`);
      const said: string[] = JSON.parse(await firefox.text("over"));
      assert(said.length > 30);
      for (const text of said) {
        assert(["opaque", "refused"].includes(text), `a page read: ${text}`);
      }
    }
    // A name that is bound anew to this machine: the page is the API's own origin.
    await firefox.newTab(`http://rebind.test:${port}/describe`);
    const shown = await firefox.text();
    assert(shown.includes("HOST_NOT_ALLOWED"), shown);
    assert(!shown.includes("describe_endpoints"));

    const after = await rig.view();
    assertEquals(after.bridge.clients, [{
      ...before.bridge.clients[0],
      seen_at: after.bridge.clients[0]?.seen_at,
    }]);
    assertEquals(after.bridge.pairing, before.bridge.pairing);
    assertEquals((await rig.call("/v1/system/state")).data.mode, "running");
    assertEquals((await rig.call("/v1/tasks")).data.tasks, []);
    const audit = await rig.call("/v1/audit?limit=200");
    const actions = new Set(
      audit.data.entries.map((it: { readonly action: string }) => it.action),
    );
    assertEquals([...actions], ["browser.actions.open_tab"]);
    assertEquals(site.to("/me").length, 0);
    assertEquals(await exists(proof), false);
  },
);

firefoxTest(
  "No secret of the site, the profile or the configuration leaves where it belongs",
  async () => {
    const token = "CANARY-shared-token-88ef";
    await using tap = new Tap();
    await using rig = await FirefoxRig.start({ BAA_SHARED_TOKEN: token });
    const { site } = rig;
    const firefox = await rig.openFirefox({
      settings: { token },
      preferences: {
        // Conductor is reached through the tap, by its own address.
        "network.proxy.http": "",
        "network.proxy.http_port": 0,
        "network.proxy.ssl": "",
        "network.proxy.ssl_port": 0,
        "network.proxy.socks": "127.0.0.1",
        "network.proxy.socks_port": tap.port,
        "network.proxy.no_proxies_on": site.host,
        "network.proxy.allow_hijacking_localhost": true,
      },
    });
    const address = `${site.origin}/login?code=${CANARIES.address}`;
    await firefox.newTab(address);
    await rig.request({ path: "/me" });
    await rig.request({ path: "/echo", method: "POST", body: "hello" });
    const events = await rig.stream({ path: "/stream" });
    const stream = await site.nextStream();
    await events.next();
    stream.end();
    await Array.fromAsync(events);
    await rig.request({ path: "/me", headers: { cookie: CANARIES.cookie } });
    await firefox.newTab(`${site.origin}/strict`);
    await rig.request({ path: "/me" });
    const refreshed = await rig.act({ action: "request_credentials" });
    assertEquals(refreshed.data.ok, true);
    await rig.until((it) =>
      it.login_records.some((row) => row.name === "seen")
    );
    await firefox.navigate(`${site.origin}/logout`);
    await rig.until((it) => it.login_records.some((row) => row.logged_out));
    await rig.act({ action: "plugin_status" });
    await rig.call("/v1/audit?limit=200");
    await rig.call("/describe");
    const told = await storedEvents(rig.origin, token);

    const frames = tap.frames();
    assert(
      frames.some((it) => it.includes('"type":"credentials"')),
      "frames were read",
    );
    const secrets = [...Object.values(CANARIES), token];
    const check = (text: string, where: string) => {
      for (const secret of secrets) {
        assert(!text.includes(secret), `${secret} is in ${where}`);
      }
    };
    for (const frame of frames) check(frame, `a frame: ${frame.slice(0, 500)}`);
    // The caller's own header comes back in no answer either.
    check(JSON.stringify(rig.answers), "an HTTP answer");
    check(told, "the events");
    for (const part of ["state", "logs"]) {
      for (const [path, text] of await textsIn(`${rig.folder}/${part}`)) {
        check(text, path);
      }
    }
  },
);

async function storedEvents(origin: string, token: string): Promise<string> {
  const leave = new AbortController();
  const response = await fetch(`${origin}/v1/events?after=0`, {
    headers: {
      authorization: `Bearer ${token}`,
      accept: "text/event-stream",
    },
    signal: leave.signal,
  });
  const texts: string[] = [];
  try {
    for await (const event of readEvents(response)) {
      texts.push(JSON.stringify(event));
      if (event.event === "browser.connected") leave.abort();
    }
  } catch {
    // Left on purpose.
  }
  return texts.join("\n");
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    return false;
  }
}
