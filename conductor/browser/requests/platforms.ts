import { isHost } from "../extension/mod.js";
import type { BrowserView } from "../http_schemas.ts";

const BUILT_IN: readonly Platform[] = [
  { name: "claude", hosts: ["claude.ai", "api.claude.ai"] },
  {
    name: "chatgpt",
    hosts: ["chatgpt.com", "chat.openai.com", "ab.chatgpt.com"],
  },
  { name: "gemini", hosts: ["gemini.google.com"] },
];

/** The platforms that conductor knows: those built in, and the owner's own. */
export class Platforms {
  readonly all: readonly Platform[];
  readonly #plainHosts: readonly string[];

  /**
   * `entries` are `name=host|host`, as in BAA_BROWSER_PLATFORMS; one of a
   * built-in name replaces that. `plainHosts` (BAA_BROWSER_HOSTS) are machines
   * of the owner's own network, reached over plain http.
   */
  constructor(entries: readonly string[], plainHosts: readonly string[]) {
    const own = entries.map((entry) => {
      const [name = "", hosts = ""] = entry.split("=");
      return { name, hosts: hosts.split("|").filter((it) => it !== "") };
    });
    this.all = [
      ...BUILT_IN.filter(({ name }) => own.every((it) => it.name !== name)),
      ...own,
    ];
    this.#plainHosts = plainHosts;
  }

  get(name: string): Platform | undefined {
    return this.all.find((it) => it.name === name);
  }

  /** Returns the platform that `url` belongs to. */
  of(url: string): Platform | undefined {
    if (!URL.canParse(url)) return undefined;
    const parsed = new URL(url);
    return this.all.find(({ hosts }) => hosts.some((it) => isHost(parsed, it)));
  }

  /** Returns the platform that has `host` (with or without a port). */
  ofHost(host: string): Platform | undefined {
    return this.all.find(({ hosts }) => hosts.includes(host.toLowerCase()));
  }

  /** Returns the absolute address of `path` on the platform's main host. */
  address(platform: Platform, path: string): string {
    const host = platform.hosts[0] ?? "";
    const scheme = this.#plainHosts.includes(host) ? "http" : "https";
    const origin = `${scheme}://${host}`;
    const url = new URL(path, origin);
    // "//elsewhere/" and "https://elsewhere/" are no paths.
    if (url.origin !== new URL(origin).origin) {
      throw new TypeError(`Cannot use "${path}" as a path on ${host}`);
    }
    return url.href;
  }
}

/** A site that the owner is logged in to; the first of its hosts is the main one. */
type Platform = Readonly<BrowserView["platforms"][number]>;
