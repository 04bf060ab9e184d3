import { type Authority, parseAuthority } from "../authority.ts";
import type { Zone } from "./route.ts";

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

/** The exact `Host` values of a daemon, and the zone that each stands for. */
export class Hosts {
  readonly #zones = new Map<string, Zone>();
  /** Origins of the daemon's own pages. */
  readonly ownOrigins: ReadonlySet<string>;

  constructor({ base, hasIpv6 = true, publicBase, allowed }: HostRules) {
    const port = portOf(base);
    const origins = new Set<string>();
    const loopback = LOOPBACK_NAMES.filter((it) => hasIpv6 || it !== "[::1]");
    for (const host of [base.hostname, ...loopback]) {
      this.#add({ host, port }, "local");
      if (port === 80) this.#add({ host, port: undefined }, "local");
      origins.add(new URL(`http://${host}:${port}`).origin);
    }
    for (const entry of allowed) {
      const authority = parseAuthority(entry);
      if (authority === undefined) continue;
      const { host } = authority;
      // Allowing the public name with another port must not make it local.
      const zone = host === publicBase?.hostname ? "public" : "local";
      this.#add(authority, zone);
      if (authority.port === undefined) this.#add({ host, port }, zone);
      const own = `http://${host}:${authority.port ?? port}`;
      if (URL.canParse(own)) origins.add(new URL(own).origin);
    }
    // Last: a name that is public as well as allowed is public.
    if (publicBase !== undefined) {
      const { hostname: host } = publicBase;
      this.#add({ host, port: portOf(publicBase) }, "public");
      if (publicBase.port === "") {
        this.#add({ host, port: undefined }, "public");
      }
      origins.add(publicBase.origin);
    }
    this.ownOrigins = origins;
  }

  /** The zone of a `Host`; undefined when the daemon does not answer to it. */
  zoneOf(authority: Authority): Zone | undefined {
    return this.#zones.get(keyOf(authority));
  }

  #add(authority: Authority, zone: Zone): void {
    const host = authority.host.toLowerCase().replace(/\.$/, "");
    this.#zones.set(keyOf({ ...authority, host }), zone);
  }
}

/** Which hosts a daemon answers to. */
export interface HostRules {
  /** The base URL that it listens on, with the port that it really has. */
  readonly base: URL;
  /** Whether it listens on [::1]; whoever else does is not the daemon. Default true. */
  readonly hasIpv6?: boolean;
  readonly publicBase: URL | undefined;
  /** `BAA_ALLOWED_HOSTS`. */
  readonly allowed: readonly string[];
}

function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" ? 443 : 80) : +url.port;
}

function keyOf({ host, port }: Authority): string {
  return `${host} ${port ?? ""}`;
}
