import { assert, assertEquals, assertMatch } from "@std/assert";
import { Database } from "@db/sqlite";
import type { Firefox } from "../../conductor/browser/testing/firefox.ts";
import { Impostor } from "../../conductor/browser/testing/impostor.ts";
import { Tap } from "../../conductor/browser/testing/tap.ts";
import { pause, until } from "../../shared/testing/until.ts";
import { textsIn } from "../testing/files.ts";
import { FirefoxRig, firefoxTest } from "../testing/firefox_rig.ts";

const TOKEN = "Kx7-correct-horse-battery";
const UUID = "0b7a52c1-93ab-4c11-8f0e-3d2a9c1b7e55";
const POPUP = `moz-extension://${UUID}/popup.html`;
const KNOWN = {
  "extensions.webextensions.uuids": JSON.stringify({
    "bridge@conductor.makefile.so": UUID,
  }),
};

/** How soon an honest conductor that is back has to have its browser again. */
const BACK_MS = 10_000;

const SOMEBODY_ELSE = "somebody else answers at this address";

/** An impostor takes conductor's port, answers everything, and is gone again. */
async function takeOver(
  rig: FirefoxRig,
  { firefox, shows, while: during }: {
    readonly firefox: Firefox;
    readonly shows: string;
    readonly while: (impostor: Impostor) => Promise<void>;
  },
): Promise<void> {
  const { origin, site } = rig;
  const loads = site.to("/me").length + site.to("/opened").length;
  {
    await using impostor = new Impostor({
      port: Number(new URL(origin).port),
      site: site.origin,
    });
    await during(impostor);
    await until(() => firefox.text(), (it) => it.includes(shows), {
      withinMs: 60_000,
      everyMs: 100,
    });
    for (
      const secret of [
        TOKEN,
        ...pairingKeys(rig),
        "baa.proof.",
        "baa.token.",
        "uthorization",
        "client_info",
        "credentials",
        site.host,
        "extensionVersion",
      ]
    ) assert(!impostor.knows.includes(secret), secret);
    for (const frame of impostor.frames) {
      assertEquals(Object.keys(JSON.parse(frame)), [
        "type",
        "protocol",
        "clientId",
      ]);
    }
    assertEquals(site.to("/me").length + site.to("/opened").length, loads);
  }
  await rig.startConductor();
  const back = performance.now();
  await rig.until((it) => it.bridge.connected);
  const tookMs = performance.now() - back;
  assert(tookMs < BACK_MS, `it took ${tookMs} ms`);
}

/** The keys that conductor gave out. */
function pairingKeys({ folder }: FirefoxRig): readonly string[] {
  const database = new Database(`${folder}/state/conductor/conductor.db`, {
    readonly: true,
  });
  try {
    return database.prepare<{ readonly key: string }>(
      "SELECT key FROM browser_identities WHERE key IS NOT NULL",
    ).all().map((it) => it.key);
  } finally {
    database.close();
  }
}

firefoxTest(
  "An impostor on conductor's port learns nothing from a Firefox that knows the token",
  async () => {
    await using rig = await FirefoxRig.start({ BAA_SHARED_TOKEN: TOKEN });
    await rig.killConductor();
    const firefox = await rig.startFirefox({
      preferences: KNOWN,
      settings: { token: TOKEN },
    });
    await firefox.newTab(POPUP);
    const nothingSaid = async (impostor: Impostor) => {
      await impostor.asked(3);
      assertEquals(impostor.frames, []);
      for (const request of impostor.requests) {
        assertMatch(request, /^GET \/v1\/browser\/challenge\?/);
      }
    };
    const shown = { firefox, shows: SOMEBODY_ELSE, while: nothingSaid };
    await takeOver(rig, shown);
    assertEquals((await rig.request({ path: "/me" })).status, 200);
    await rig.killConductor();
    await takeOver(rig, shown);
    assertEquals((await rig.request({ path: "/me" })).status, 200);
  },
);

firefoxTest(
  "An impostor on conductor's port learns nothing from a Firefox that is paired",
  async () => {
    await using rig = await FirefoxRig.start();
    await rig.killConductor();
    const firefox = await rig.startFirefox({ preferences: KNOWN });
    await firefox.newTab(POPUP);
    // The two have not met yet: a hello is said, and there is no key in the answer.
    await takeOver(rig, {
      firefox,
      shows: SOMEBODY_ELSE,
      while: (impostor) => impostor.heard(2),
    });
    const [key, ...others] = pairingKeys(rig);
    assert(key !== undefined);
    assertEquals(others, []);
    await rig.killConductor();
    await takeOver(rig, {
      firefox,
      shows: SOMEBODY_ELSE,
      while: async (impostor) => {
        await impostor.asked(3);
        assertEquals(impostor.frames, []);
      },
    });
    assertEquals(pairingKeys(rig), [key]);
    assertEquals((await rig.request({ path: "/me" })).status, 200);
    for (const [path, text] of await textsIn(`${rig.folder}/logs`)) {
      assert(!text.includes(key), path);
    }
    assert(!JSON.stringify(rig.answers).includes(key), "an answer");
  },
);

firefoxTest(
  "The extension answers its own popup, and neither a script in a page nor another page of it",
  async () => {
    await using rig = await FirefoxRig.start();
    const firefox = await rig.openLoggedIn({ preferences: KNOWN });
    const ask = 'browser.runtime.sendMessage({ set: { token: "evil" } })';
    const told =
      '.then((it) => done(String(it)), (it) => done("failed: " + it))';
    const code = JSON.stringify(`${ask}.then(String)`);
    const inPage = `browser.tabs.query({ url: "*://127.0.0.1/*" })
      .then(([tab]) => browser.tabs.executeScript(tab.id, { code: ${code} }))
      ${told}`;
    await firefox.newTab(POPUP);
    await until(() => firefox.text(), (it) => it.includes("connected"));
    assertEquals(await firefox.run(inPage), "undefined");
    await firefox.navigate(`${POPUP}?another=page`);
    assertEquals(await firefox.run(ask + told), "undefined");
    await firefox.navigate(POPUP);
    assertEquals(await firefox.run(ask + told), "[object Object]");
  },
);

firefoxTest(
  "A relay on another port brings nobody in, whatever Host it says",
  async () => {
    await using rig = await FirefoxRig.start({ BAA_SHARED_TOKEN: TOKEN });
    const { hostname, port } = new URL(rig.origin);
    const rewritten = (piece: Uint8Array) => {
      const text = new TextDecoder("latin1").decode(piece);
      const honest = text.replace(
        /(?<=\r\nhost: )[^\r]+/i,
        `127.0.0.1:${port}`,
      );
      return Uint8Array.from(honest, (it) => it.charCodeAt(0));
    };
    await using tap = new Tap({
      target: { hostname, port: Number(port) },
      rewrite: rewritten,
    });
    const firefox = await rig.startFirefox({
      preferences: KNOWN,
      settings: { token: TOKEN, conductor: `http://${tap.host}` },
    });
    await firefox.newTab(POPUP);
    await until(() => firefox.text(), (it) => it.includes(SOMEBODY_ELSE), {
      withinMs: 60_000,
      everyMs: 100,
    });
    await pause(5_000);
    assertEquals((await rig.view()).bridge.connected, false);
    assertMatch(tap.text, /"identity_proof":"[\w-]{43}"/);
    for (const secret of [TOKEN, "baa.proof.", "client_info", "tabs"]) {
      assert(!tap.text.includes(secret), secret);
    }
  },
);

firefoxTest(
  "A browser that lost its key, or conductor its own, is paired anew when the owner says so",
  async () => {
    await using rig = await FirefoxRig.start();
    const firefox = await rig.openFirefox({ preferences: KNOWN });
    const shows = (text: string) =>
      until(() => firefox.text(), (it) => it.includes(text), {
        withinMs: 60_000,
        everyMs: 100,
      });
    const [key] = pairingKeys(rig);
    await firefox.newTab(POPUP);
    await firefox.click("#forget");
    await shows("not paired");
    assertEquals((await rig.act({ action: "pair" })).data.ok, true);
    await rig.until((it) => it.bridge.connected);
    const [newer, ...others] = pairingKeys(rig);
    assert(newer !== key);
    assertEquals(others, []);
    await shows("connected");

    // Unpaired by a conductor that it knows, it is the next one that is paired.
    assertEquals((await rig.act({ action: "unpair" })).data.ok, true);
    await rig.until((it) =>
      it.bridge.connected && it.bridge.pairing.paired === 1
    );
    await shows("connected");

    // A conductor that was set up anew is somebody else, until the owner says so.
    await rig.killConductor();
    await Deno.remove(`${rig.folder}/state`, { recursive: true });
    await rig.startConductor();
    await shows(SOMEBODY_ELSE);
    await firefox.click("#forget");
    await rig.until((it) => it.bridge.connected);
    await shows("connected");
  },
);
