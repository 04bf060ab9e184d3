import type { Clock } from "../../../shared/clock.ts";
import type { BrowserStore } from "../../store/mod.ts";
import type { RecordsPort } from "../bridge/mod.ts";
import type { FromExtension } from "../contract.ts";
import { bareAddress, bareTitle } from "../extension/mod.js";
import type { Platforms } from "../requests/mod.ts";

/** Writes down what browsers report, dated by this machine's clock. */
export class Records implements RecordsPort {
  readonly #store: BrowserStore;
  readonly #platforms: Platforms;
  readonly #clock: Clock;

  constructor(
    store: BrowserStore,
    ports: { readonly clock: Clock; readonly platforms: Platforms },
  ) {
    this.#store = store;
    this.#clock = ports.clock;
    this.#platforms = ports.platforms;
  }

  /** What it is comes later: what is known of it stays until then. */
  hello(clientId: string): void {
    const now = this.#clock.now();
    const known = this.#store.clients().find((it) => it.client_id === clientId);
    this.#store.saveClient({
      client_id: clientId,
      extension_version: "",
      browser: "",
      platform: "",
      capabilities: [],
      first_seen_at: now,
      ...known,
      seen_at: now,
    });
  }

  clientInfo(message: FromExtension<"client_info">, clientId: string): void {
    const { browser, capabilities, extensionVersion, platform } = message;
    const now = this.#clock.now();
    this.#store.saveClient({
      client_id: clientId,
      extension_version: extensionVersion,
      browser: typeof browser === "string"
        ? browser
        : `${browser.name} ${browser.version}`.trim(),
      platform: typeof platform === "string"
        ? platform
        : `${platform.os} ${platform.arch}`.trim(),
      capabilities,
      first_seen_at: now,
      seen_at: now,
    });
  }

  tabs(message: FromExtension<"tabs">, clientId: string): void {
    const seen_at = this.#clock.now();
    const rows = message.tabs.map((tab) => {
      const url = bareAddress(tab.url);
      return {
        client_id: clientId,
        tab_id: tab.id,
        url,
        title: bareTitle(tab.title),
        active: tab.active,
        load: tab.status,
        platform: this.#platforms.of(url)?.name ?? null,
        host: URL.canParse(url) ? new URL(url).host : "",
        cookie_store: tab.cookieStore,
        seen_at,
      };
    });
    const containers = message.containers.map(({ cookieStore, name }) => ({
      client_id: clientId,
      cookie_store: cookieStore,
      name,
    }));
    this.#store.saveTabs(clientId, { tabs: rows, containers });
  }

  credentials(message: FromExtension<"credentials">, clientId: string): void {
    const rows = message.credentials.map((it) => ({
      client_id: clientId,
      ...this.#site(it),
      cookie_store: it.cookieStore,
      header: it.header.toLowerCase(),
      name: it.name,
      fingerprint: it.fingerprint,
      length: it.length,
      captured_at: this.#past(it.capturedAt ?? it.seenAt),
      seen_at: this.#past(it.seenAt),
      logged_out: it.loggedOut,
    }));
    this.#store.saveCredentials(rows);
  }

  endpoints(message: FromExtension<"api_endpoints">, clientId: string): void {
    const rows = message.endpoints.map((it) => ({
      client_id: clientId,
      ...this.#site(it),
      method: it.method.toUpperCase(),
      path: it.path.replace(/[?#].*$/s, ""),
      seen_at: this.#past(it.lastSeenAt),
    }));
    this.#store.saveEndpoints(rows);
  }

  /** The host says which platform it is; what the client says is only a fallback. */
  #site(it: { readonly host: string; readonly platform?: string | undefined }) {
    const host = it.host.toLowerCase();
    const known = this.#platforms.ofHost(host)?.name;
    return { host, platform: known ?? it.platform ?? null };
  }

  /** A client's clock may be ahead; nothing was seen in the future. */
  #past(moment: number | undefined): number {
    const now = this.#clock.now();
    return Math.min(moment ?? now, now);
  }
}
