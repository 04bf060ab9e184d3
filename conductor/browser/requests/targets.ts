import { invalidInput } from "../../../shared/errors.ts";
import { whyRefused } from "../extension/mod.js";
import type { Platforms } from "./platforms.ts";

/** Decides what a browser may be sent to. */
export class Targets {
  readonly #platforms: Platforms;
  readonly #rules: TargetRules;

  constructor(platforms: Platforms, rules: TargetRules) {
    this.#platforms = platforms;
    this.#rules = rules;
  }

  /** Says why `url` may not be reached; undefined when it may. */
  whyRefused(url: string): string | undefined {
    return whyRefused(url, this.#rules);
  }

  /**
   * Returns the target that `input` names: a URL, or a path on a platform.
   * @throws {AppError} INVALID_INPUT
   */
  resolve(input: TargetInput): Target {
    const url = this.#address(input);
    const absolute = absoluteOf(url);
    if (absolute !== undefined) {
      throw invalidInput("url", `must be absolute: ${absolute}`, {
        hint: `Send {"url":${JSON.stringify(absolute)}}, or platform and path.`,
      });
    }
    const why = this.whyRefused(url);
    if (why !== undefined) {
      throw invalidInput("url", `Cannot reach it: ${why}`, {
        details: { allowed_hosts: this.#rules.allowedHosts },
        hint:
          "GET /v1/browser shows policy.allowed_hosts; the owner adds host:port to BAA_BROWSER_HOSTS.",
      });
    }
    const parsed = new URL(url);
    parsed.hash = "";
    const platform = this.#platforms.of(url);
    if (input.platform !== undefined && platform?.name !== input.platform) {
      throw invalidInput("url", `it is no address of "${input.platform}"`);
    }
    return { url: parsed.href, platform: this.platformOf(url) };
  }

  /** The platform of an address, or its host where it belongs to none. */
  platformOf(url: string): string {
    return this.#platforms.of(url)?.name ?? new URL(url).host;
  }

  /** The hosts of platforms that are named as {@linkcode platformOf} names them. */
  hostsOf(platforms: readonly string[]): string[] {
    return platforms.flatMap((it) => this.#platforms.get(it)?.hosts ?? [it]);
  }

  #address({ platform: name, url, path }: TargetInput): string {
    if (url !== undefined && path !== undefined) {
      throw invalidInput("path", "give url, or platform and path, not both");
    }
    if (url !== undefined) return url;
    if (name === undefined) {
      throw invalidInput("url", "give url, or platform and path", {
        hint:
          'Send {"url":"https://claude.ai/…"}, or {"platform":"claude","path":"/…"}.',
      });
    }
    const platform = this.#platforms.get(name);
    if (platform === undefined) {
      const known = this.#platforms.all.map((it) => it.name).join(", ");
      throw invalidInput("platform", `give one of ${known}`);
    }
    try {
      return this.#platforms.address(platform, path ?? "/");
    } catch {
      throw invalidInput(
        "path",
        "give a path on the platform, such as /api/me",
      );
    }
  }
}

/** Returns the address that a host without a scheme most likely stands for. */
function absoluteOf(url: string): string | undefined {
  const meant = `https://${url}`;
  return /^[\w-]+(\.[\w-]+)+([:/?#]|$)/.test(url) && URL.canParse(meant)
    ? meant
    : undefined;
}

interface TargetRules {
  readonly allowedHosts: readonly string[];
  readonly ownHosts: readonly string[];
}

/** How a caller names a target. */
interface TargetInput {
  readonly platform?: string | undefined;
  readonly url?: string | undefined;
  readonly path?: string | undefined;
}

/** A target that may be reached. */
interface Target {
  readonly url: string;
  /** The platform's name, or the host where it belongs to none. */
  readonly platform: string;
}
