import { z } from "zod";
import type { CurlOptions, ExampleValues } from "../describe/mod.ts";
import type { RouteInfo, Zone } from "../http/mod.ts";

/** What a daemon tells of itself; each daemon provides one in its deps. */
export interface DaemonSelf {
  /** E.g. `baa-conductor-daemon`. */
  readonly name: string;
  readonly version: string;
  /** The configured local base, with the port that it really has. */
  readonly origin: string;
  /** The public base, where there is one: the origin that the public zone is told. */
  readonly publicOrigin?: string | undefined;
  readonly hasToken: boolean;
  readonly guidance:
    & Readonly<Record<"all" | "business" | "control", Guidance>>
    // The other texts name what the public zone may not know of.
    & { readonly public?: Guidance };
  /** Milliseconds since the start. */
  uptimeMs(): number;
  condition(): Condition;
  /** The `system` part of describe documents, reduced in the public zone. */
  system(zone: Zone): Readonly<Record<string, unknown>>;
  /** What stands for `{name}` in examples. */
  exampleValues(): ExampleValues;
  /** The `websocket` part of describe documents. */
  websocket(): Readonly<Record<string, unknown>>;
  /** The `host_operations` part, where there is one. */
  hostOperations?(
    routes: readonly RouteInfo[],
    options: CurlOptions,
  ): Readonly<Record<string, unknown>>;
}

/** What a probe or a person learns of a daemon's condition. */
interface Condition {
  /** Whether it can do its own work; peers being away only degrade it. */
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reasons: readonly string[];
  /** What of its own does not work as it should, though it is ready. */
  readonly degraded: readonly string[];
  /** Peers that are away: shown among what is degraded, but not its own fault. */
  readonly away?: readonly string[];
}

/** The texts of a describe document: what to do first, and what to know. */
interface Guidance {
  readonly flow: readonly string[];
  readonly notes: readonly string[];
}

/** What of it is a daemon's own; the rest is alike in all. */
export interface SelfParts
  extends
    Pick<DaemonSelf, "name" | "guidance" | "system" | "hostOperations">,
    Partial<Pick<DaemonSelf, "exampleValues" | "websocket">> {
  /** What ails it now, as in its condition. */
  trouble?(): {
    readonly [_ in "reasons" | "degraded" | "away"]?: readonly (
      | string
      | undefined
    )[];
  };
}

/** The slice of a daemon's dependencies that the shared routes use. */
export interface SelfDeps {
  readonly self: DaemonSelf;
}

/** What a caller is shown of a daemon beside its routes, by the caller's zone. */
export function outlook(self: DaemonSelf, zone: Zone) {
  const local = zone === "local";
  const nothing: Guidance = { flow: [], notes: [] };
  return {
    /** How the lines that run examples are written. */
    curlOptions: (): CurlOptions => ({
      origin: local ? self.origin : self.publicOrigin ?? self.origin,
      exampleValues: self.exampleValues(),
      hasToken: self.hasToken,
    }),
    websocket: local ? { ...self.websocket() } : {},
    guidance: (part: "all" | "business" | "control"): Guidance =>
      local ? self.guidance[part] : self.guidance.public ?? nothing,
  };
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

/** The one word for a condition. */
export function statusWord(
  { ready, degraded }: Condition,
): "ok" | "degraded" | "not_ready" {
  return !ready ? "not_ready" : degraded.length > 0 ? "degraded" : "ok";
}

/** The little that anybody may know of a daemon. */
export function summaryOf(
  self: Pick<DaemonSelf, "version" | "uptimeMs" | "condition">,
) {
  return {
    health: statusWord(self.condition()),
    version: self.version,
    uptime_ms: self.uptimeMs(),
  };
}
