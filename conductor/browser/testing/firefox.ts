import { join } from "@std/path";
import { Marionette } from "./marionette.ts";

const CANDIDATES = [
  "/usr/bin/firefox-esr",
  "/usr/bin/firefox",
  "/Applications/Firefox.app/Contents/MacOS/firefox",
];

/** Settings that keep Firefox quiet, local and quick. */
const PREFERENCES: Readonly<Record<string, string | number | boolean>> = {
  "marionette.port": 0,
  "app.normandy.enabled": false,
  "app.update.disabledForTesting": true,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "browser.startup.page": 0,
  "browser.tabs.warnOnClose": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.ipc.processPrelaunch.enabled": false,
  "extensions.update.enabled": false,
  "extensions.webextensions.keepStorageOnUninstall": true,
  "extensions.webextensions.keepUuidOnUninstall": true,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  // Everything but loopback goes to a proxy that is not there.
  "network.proxy.type": 1,
  "network.proxy.http": "127.0.0.1",
  "network.proxy.http_port": 9,
  "network.proxy.ssl": "127.0.0.1",
  "network.proxy.ssl_port": 9,
  "network.proxy.no_proxies_on": "127.0.0.1,localhost,.test,.localhost",
  "network.proxy.allow_hijacking_localhost": false,
  "remote.prefs.recommended": true,
  "toolkit.telemetry.enabled": false,
};

export interface FirefoxOptions {
  /** A folder for the profile; the same one again is the same browser again. */
  readonly profile: string;
  readonly preferences?: Readonly<Record<string, string | number | boolean>>;
}

/** Returns the Firefox of this machine, or undefined. */
export function findFirefox(): string | undefined {
  return CANDIDATES.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** A real headless Firefox with a profile of its own. */
export class Firefox implements AsyncDisposable {
  readonly marionette: Marionette;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, marionette: Marionette) {
    this.#child = child;
    this.marionette = marionette;
  }

  static async start(
    binary: string,
    options: FirefoxOptions,
  ): Promise<Firefox> {
    const { profile } = options;
    const portFile = join(profile, "MarionetteActivePort");
    await Deno.mkdir(profile, { recursive: true });
    await Deno.remove(portFile).catch(() => {});
    const preferences = { ...PREFERENCES, ...options.preferences };
    await Deno.writeTextFile(
      join(profile, "user.js"),
      Object.entries(preferences).map(([name, value]) =>
        `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`
      ).join(""),
    );
    const child = new Deno.Command(binary, {
      args: [
        "--headless",
        "--no-remote",
        "--profile",
        profile,
        "--marionette",
        "--remote-allow-system-access",
        "about:blank",
      ],
      // Its own home: nothing of the person who runs the tests is read.
      env: { HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const port = await readPort(portFile, child);
      return new Firefox(child, await Marionette.connect(port));
    } catch (error) {
      child.kill("SIGKILL");
      await child.status;
      throw error;
    }
  }

  /** Installs the add-on in `folder` until Firefox ends, in private windows too; returns its id. */
  async installAddon(folder: string): Promise<string> {
    const { value } = await this.marionette.send("Addon:Install", {
      path: folder,
      temporary: true,
      allowPrivateBrowsing: true,
    }) as { value: string };
    return value;
  }

  /** Opens `url` in the current tab. */
  async navigate(url: string): Promise<void> {
    await this.marionette.send("Marionette:SetContext", { value: "content" });
    await this.marionette.send("WebDriver:Navigate", { url });
  }

  /** Opens `url` in a new tab, which becomes the current one. */
  async newTab(url: string): Promise<void> {
    const { handle } = await this.marionette.send("WebDriver:NewWindow", {
      type: "tab",
    }) as { handle: string };
    await this.marionette.send("WebDriver:SwitchToWindow", { handle });
    await this.navigate(url);
  }

  /** Returns the text of the current page, once its title is `title`. */
  async text(title?: string): Promise<string> {
    const deadline = performance.now() + 120_000;
    while (title !== undefined && await this.#title() !== title) {
      if (performance.now() > deadline) {
        throw new Error(`Cannot wait for the title "${title}" any longer`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { value } = await this.marionette.send("WebDriver:ExecuteScript", {
      script: "return document.body.innerText",
      args: [],
    }) as { readonly value: string };
    return value;
  }

  /** Runs a script in the current page, with its rights; `done(value)` ends it. */
  async run(script: string): Promise<unknown> {
    const answer = await this.marionette.send("WebDriver:ExecuteAsyncScript", {
      script: `const done = arguments[arguments.length - 1]; ${script}`,
      args: [],
    });
    return (answer as { readonly value: unknown }).value;
  }

  async #title(): Promise<string> {
    const answer = await this.marionette.send("WebDriver:GetTitle", {});
    return (answer as { readonly value: string }).value;
  }

  /** Clicks on the element that `selector` finds in the current page. */
  async click(selector: string): Promise<void> {
    const id = await this.#element(selector);
    await this.marionette.send("WebDriver:ElementClick", { id });
  }

  /** Types into the element that `selector` finds in the current page. */
  async type(selector: string, text: string): Promise<void> {
    const id = await this.#element(selector);
    await this.marionette.send("WebDriver:ElementSendKeys", { id, text });
  }

  async #element(selector: string): Promise<string | undefined> {
    const { value } = await this.marionette.send("WebDriver:FindElement", {
      using: "css selector",
      value: selector,
    }) as { readonly value: Readonly<Record<string, string>> };
    return Object.values(value)[0];
  }

  /** Unloads every tab but the current one, as Firefox does when memory is short. */
  async discardTabs(): Promise<void> {
    await this.inChrome(`for (const tab of gBrowser.tabs) {
      if (!tab.selected) gBrowser.discardBrowser(tab, true);
    }`);
  }

  /** Makes a container; returns its cookie store. */
  async addContainer(name: string): Promise<string> {
    const id = await this.inChrome(`${IDENTITIES}
      const { userContextId } = ContextualIdentityService.create(
        ${JSON.stringify(name)}, "briefcase", "blue");
      return userContextId;`);
    return `firefox-container-${id}`;
  }

  /** Opens `url` in a private window. */
  async openPrivate(url: string): Promise<void> {
    const where = '"window", { private: true }';
    await this.inChrome(`openTrustedLinkIn(${JSON.stringify(url)}, ${where})`);
  }

  /** Ends the remote control's own way with dialogs: they stay open from now on. */
  async leaveAlone(): Promise<void> {
    await this.marionette.send("WebDriver:DeleteSession", {});
  }

  /** Runs a script with Firefox's own rights. */
  async inChrome(script: string): Promise<unknown> {
    await this.marionette.send("Marionette:SetContext", { value: "chrome" });
    const answer = await this.marionette.send("WebDriver:ExecuteScript", {
      script,
      args: [],
    });
    await this.marionette.send("Marionette:SetContext", { value: "content" });
    return (answer as { readonly value: unknown }).value;
  }

  /** Closes the current tab; another one becomes current. */
  async closeTab(): Promise<void> {
    const [handle] = await this.marionette.send(
      "WebDriver:CloseWindow",
      {},
    ) as string[];
    await this.marionette.send("WebDriver:SwitchToWindow", { handle });
  }

  /** Ends Firefox as the kernel would: it has no chance to say goodbye. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // Already gone.
    }
    await this.#child.status;
    await this.marionette[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

const IDENTITIES = `const { ContextualIdentityService } =
  ChromeUtils.importESModule(
    "resource://gre/modules/ContextualIdentityService.sys.mjs");`;

async function readPort(
  path: string,
  child: Deno.ChildProcess,
): Promise<number> {
  let ended = false;
  child.status.then(() => ended = true);
  const deadline = performance.now() + 60_000;
  while (!ended && performance.now() < deadline) {
    const text = await Deno.readTextFile(path).catch(() => "");
    if (/^\d+/.test(text)) return Number.parseInt(text);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("Cannot start Firefox: it opened no remote control port");
}
