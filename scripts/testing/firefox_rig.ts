import { fromFileUrl, join } from "@std/path";
import type { BrowserView } from "../../conductor/browser/http_schemas.ts";
import {
  findFirefox,
  Firefox,
} from "../../conductor/browser/testing/firefox.ts";
import { LoginSite } from "../../conductor/browser/testing/login_site.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { until } from "../../shared/testing/until.ts";
import { type RunningDaemon, startDaemon } from "./daemon.ts";
import { type ReadEvent, readEvents } from "../../shared/testing/sse_reader.ts";
import { type Answer, call } from "./http.ts";

/** The extension's folder. */
export const EXTENSION = fromFileUrl(
  new URL("../../conductor/browser/extension", import.meta.url),
);
const EXTENSION_ID = "bridge@conductor.makefile.so";

/** How a Firefox is started. */
interface OpenOptions {
  readonly preferences?: Readonly<Record<string, string | number | boolean>>;
  /** The extension's folder, or its package. */
  readonly addon?: string;
  /** Settings of the extension beside the address. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The real extension in real Firefoxes, a real conductor, and a site with a login. */
export class FirefoxRig implements AsyncDisposable {
  readonly site: LoginSite;
  readonly #stack: AsyncDisposableStack;
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #binary: string;
  /** Every answer of conductor so far. */
  readonly answers: Answer[] = [];
  conductor: RunningDaemon;
  #profiles = 0;

  private constructor(parts: {
    readonly site: LoginSite;
    readonly stack: AsyncDisposableStack;
    readonly folder: string;
    readonly env: Readonly<Record<string, string>>;
    readonly binary: string;
    readonly conductor: RunningDaemon;
  }) {
    this.site = parts.site;
    this.#stack = parts.stack;
    this.#folder = parts.folder;
    this.#env = parts.env;
    this.#binary = parts.binary;
    this.conductor = parts.conductor;
  }

  /** `hosts` may be reached beside the rig's own site. */
  static async start(
    env: Readonly<Record<string, string>> = {},
    hosts: readonly string[] = [],
  ): Promise<FirefoxRig> {
    const binary = findFirefox();
    if (binary === undefined) throw new Error("Cannot find a Firefox");
    await using stack = new AsyncDisposableStack();
    const { path: folder } = stack.use(await tempDir());
    const site = stack.use(new LoginSite());
    const variables = {
      BAA_STATE_DIR: join(folder, "state"),
      BAA_LOGS_DIR: join(folder, "logs"),
      BAA_LOG_LEVEL: "debug",
      BAA_BROWSER_HOSTS: [site.host, ...hosts].join(","),
      BAA_BROWSER_PLATFORMS: `site=${site.host}`,
      BAA_BROWSER_SPACING_MS: "0",
      // A Firefox that starts on a busy machine is silent for a while.
      BAA_BROWSER_HEARTBEAT_MS: "5000",
      ...env,
    };
    const conductor = await startDaemon("conductor", variables);
    return new FirefoxRig({
      site,
      stack: stack.move(),
      folder,
      // Started anew it is found where it was.
      env: { ...variables, BAA_CONDUCTOR_LOCAL_API: conductor.origin },
      binary,
      conductor,
    });
  }

  get origin(): string {
    return this.conductor.origin;
  }

  /** Where conductor keeps its state and logs. */
  get folder(): string {
    return this.#folder;
  }

  /** Starts a Firefox with the extension in it, and waits for its hello. */
  async openFirefox(options: OpenOptions = {}): Promise<Firefox> {
    const before = (await this.view()).summary.connected_clients;
    const firefox = await this.startFirefox(options);
    await this.until((it) => it.summary.connected_clients > before);
    return firefox;
  }

  /** Starts a Firefox with the extension in it, which may not be let in. */
  async startFirefox(options: OpenOptions = {}): Promise<Firefox> {
    const { preferences = {}, addon = EXTENSION, settings = {} } = options;
    const profile = join(this.#folder, `profile-${++this.#profiles}`);
    await configure(profile, { conductor: this.origin, ...settings });
    const firefox = this.#stack.use(
      await Firefox.start(this.#binary, { profile, preferences }),
    );
    await firefox.installAddon(addon);
    return firefox;
  }

  /** Starts a Firefox whose tab is logged in to the site. */
  async openLoggedIn(options: OpenOptions = {}): Promise<Firefox> {
    const firefox = await this.openFirefox(options);
    await this.act({ action: "open_tab", url: `${this.site.origin}/login` });
    return firefox;
  }

  /** Kills conductor as a crash would. */
  async killConductor(): Promise<void> {
    this.conductor.child.kill("SIGKILL");
    await this.conductor[Symbol.asyncDispose]();
  }

  /** Starts conductor again on the same state. */
  async startConductor(): Promise<void> {
    this.conductor = await startDaemon("conductor", this.#env);
  }

  /** Sends a request to conductor; keeps the answer. */
  async call(path: string, body?: unknown): Promise<Answer> {
    const answer = await call(
      this.origin + path,
      body,
      this.#headers(),
    );
    this.answers.push(answer);
    return answer;
  }

  async view(query = ""): Promise<BrowserView> {
    return (await this.call(`/v1/browser${query}`)).data;
  }

  /** Waits until the view is as wanted; returns it. */
  async until(
    isWanted: (view: BrowserView) => boolean,
    withinMs = 60_000,
  ): Promise<BrowserView> {
    return await until(() => this.view(), isWanted, { withinMs });
  }

  act(body: Readonly<Record<string, unknown>>): Promise<Answer> {
    return this.call("/v1/browser/actions", body);
  }

  request(body: Readonly<Record<string, unknown>>): Promise<Answer> {
    return this.call("/v1/browser/request", {
      ...(body.url === undefined && { platform: "site" }),
      ...body,
    });
  }

  cancel(request_id: string): Promise<Answer> {
    return this.call("/v1/browser/request/cancel", { request_id });
  }

  /** Starts a stream; returns its events. */
  async stream(
    body: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ): Promise<AsyncGenerator<ReadEvent>> {
    const response = await fetch(`${this.origin}/v1/browser/request`, {
      method: "POST",
      headers: { "content-type": "application/json", ...this.#headers() },
      body: JSON.stringify({
        platform: "site",
        response_mode: "sse",
        ...body,
      }),
      ...(signal !== undefined && { signal }),
    });
    return readEvents(response);
  }

  #headers(): Record<string, string> {
    const token = this.#env.BAA_SHARED_TOKEN;
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.conductor[Symbol.asyncDispose]();
    await this.#stack[Symbol.asyncDispose]();
  }
}

/** Gives the extension its settings as an administrator would. */
async function configure(
  profile: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const folder = join(profile, ".mozilla", "managed-storage");
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(
    join(folder, `${EXTENSION_ID}.json`),
    JSON.stringify({
      name: EXTENSION_ID,
      description: "settings of a test",
      type: "storage",
      data: settings,
    }),
  );
}

/** A test that needs a Firefox: without one it is skipped, and says so. */
export function firefoxTest(name: string, fn: () => Promise<void>) {
  const missing = findFirefox() === undefined;
  Deno.test({
    name: missing ? `${name} (skipped: no Firefox here)` : name,
    ignore: missing,
    fn,
  });
}
