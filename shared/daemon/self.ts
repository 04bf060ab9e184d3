import { z } from "zod";
import type { CurlOptions, ExampleValues } from "../describe/mod.ts";
import { AppError } from "../errors.ts";
import { type RouteInfo, seesWork, type Viewer } from "../http/mod.ts";
import { VERSION } from "../version.ts";
import type { DaemonConfig } from "./daemon_config.ts";
import type { DaemonPorts } from "./run_daemon.ts";

/** What a daemon tells of itself: in probes, describe documents and its status. */
export class DaemonSelf {
  readonly name: string;
  readonly version = VERSION;
  readonly hasToken: boolean;
  /** Whether it was told to stop. */
  isStopping = false;
  readonly #own: SelfParts;
  readonly #ports: Pick<DaemonPorts, "base" | "clock" | "listening">;
  readonly #started: number;

  constructor(
    config: Pick<DaemonConfig, "token">,
    ports: Pick<DaemonPorts, "base" | "clock" | "listening">,
    own: SelfParts,
  ) {
    this.name = own.name;
    this.hasToken = config.token !== undefined;
    this.#own = own;
    this.#ports = ports;
    this.#started = ports.clock.monotonic();
  }

  /** Milliseconds since the start. */
  uptimeMs(): number {
    return Math.round(this.#ports.clock.monotonic() - this.#started);
  }

  /** Peers that are away degrade a daemon, which is as ready as before. */
  condition() {
    const trouble = this.#own.trouble?.() ?? {};
    const stopping = this.isStopping ? "shutting down" : undefined;
    const reasons = known([
      stopping,
      this.#ports.listening.trouble,
      ...trouble.reasons ?? [],
    ]);
    const degraded = known([
      this.#ports.listening.absence,
      ...trouble.degraded ?? [],
    ]);
    const ready = reasons.length === 0;
    const status: z.infer<typeof Health>["status"] = ready
      ? degraded.length === 0 ? "ok" : "degraded"
      : "not_ready";
    return { reasons, degraded, away: known(trouble.away), ready, status };
  }

  /** What refuses all work now; a stranger is not told why. */
  outage(viewer: Viewer): AppError | undefined {
    const outage = this.#own.outage?.();
    if (outage === undefined || seesWork(viewer)) return outage;
    const { code, retryable } = outage;
    return new AppError(code, undefined, { retryable });
  }

  /** The little that anybody may know of a daemon. */
  summary() {
    const { status: health } = this.condition();
    return { health, version: this.version, uptime_ms: this.uptimeMs() };
  }

  /** The `system` part of describe documents. */
  system(viewer: Viewer): Readonly<Record<string, unknown>> {
    return seesWork(viewer)
      ? this.#own.system()
      : { ...this.#own.publicSystem?.(), ...this.summary() };
  }

  /** The `websocket` part of describe documents. */
  websocket(viewer: Viewer): Readonly<Record<string, unknown>> {
    return (seesWork(viewer) && this.#own.websocket?.()) || {};
  }

  /** The `host_operations` part, where there is one: nothing that strangers may know of. */
  hostOperations(
    routes: readonly RouteInfo[],
    viewer: Viewer,
  ): Readonly<Record<string, unknown>> | undefined {
    if (!seesWork(viewer)) return undefined;
    return this.#own.hostOperations?.(routes, this.curlOptions(viewer));
  }

  /** The texts of a describe document; most name what is not exposed in the public zone. */
  guidance({ zone }: Viewer, part: "all" | "business" | "control"): Guidance {
    const { guidance } = this.#own;
    return zone === "local"
      ? guidance[part]
      : guidance.public ?? { flow: [], notes: [] };
  }

  /** How the lines that run examples are written: folders and ids are not for strangers. */
  curlOptions(viewer: Viewer): CurlOptions {
    const { base } = this.#ports;
    const { publicBase = base } = this.#own;
    const exampleValues = seesWork(viewer)
      ? this.#own.exampleValues?.()
      : undefined;
    return {
      origin: (viewer.zone === "local" ? base : publicBase).origin,
      exampleValues: exampleValues ?? {},
      hasToken: this.hasToken,
    };
  }
}

function known(texts: Texts = []): string[] {
  return texts.filter((it) => it !== undefined);
}

/** Texts, some of which do not hold now. */
type Texts = readonly (string | undefined)[];

/** What of it is a daemon's own. */
export interface SelfParts {
  /** E.g. `baa-conductor-daemon`. */
  readonly name: string;
  readonly guidance:
    & Readonly<Record<"all" | "business" | "control", Guidance>>
    & { readonly public?: Guidance };
  /** Why it is not ready, what does not work as it should, which peers are away. */
  trouble?(): { readonly [_ in "reasons" | "degraded" | "away"]?: Texts };
  /** What refuses all work until a person has done something about it. */
  outage?(): AppError | undefined;
  /** Where strangers reach it; default: where everybody does. */
  readonly publicBase?: URL | undefined;
  system(): Readonly<Record<string, unknown>>;
  /** What of it strangers see, beside health, version and uptime. */
  publicSystem?(): Readonly<Record<string, unknown>>;
  /** What stands for `{name}` in examples. */
  exampleValues?(): ExampleValues;
  websocket?(): Readonly<Record<string, unknown>>;
  hostOperations?(
    routes: readonly RouteInfo[],
    options: CurlOptions,
  ): Readonly<Record<string, unknown>>;
}

/** What to do first, and what to know. */
interface Guidance {
  readonly flow: readonly string[];
  readonly notes: readonly string[];
  /** Ids of the routes whose curl lines are shown. Default: as they come. */
  readonly examples?: readonly string[];
  /** Those of the front door, where it shows others. */
  readonly starters?: readonly string[];
}

/** The slice of a daemon's dependencies that the shared routes use. */
export interface SelfDeps {
  readonly self: DaemonSelf;
}

/** Data of `/health`. */
export const Health = z.object({
  status: z.enum(["ok", "degraded", "not_ready"]),
  ready: z.boolean().optional(),
  reasons: z.array(z.string()).optional(),
  degraded: z.array(z.string()).optional(),
  version: z.string(),
  uptime_ms: z.number(),
});
