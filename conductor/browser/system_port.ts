import { audited, type AuditPort } from "../../shared/audit.ts";
import type { Logger } from "../../shared/log.ts";
import type { SystemService } from "../automation/mod.ts";
import type { ChangeFeed } from "../record/mod.ts";
import type { Bridge, SystemPort } from "./bridge/mod.ts";

const MODES = {
  pause: "paused",
  resume: "running",
  drain: "draining",
} as const;

/** Lets a browser change the mode, as HTTP does, on the record. */
export function systemPort(
  audit: AuditPort,
  system: () => Pick<SystemService, "state" | "setMode">,
): SystemPort {
  return {
    state: () => system().state(),
    change({ action, requestedBy, reason }, clientId) {
      const intent = {
        action: `system.${action}`,
        actor: { name: "extension", source: "websocket" },
        target: {
          client_id: clientId,
          requested_by: requestedBy ?? null,
          reason: reason ?? null,
        },
      } as const;
      return audited(audit, intent, () => {
        const state = system().setMode(MODES[action], {
          source: "firefox",
          requested_by: requestedBy ?? clientId,
          ...(reason !== undefined && { reason }),
        });
        return Promise.resolve(state);
      });
    },
  };
}

/** Tells the browsers when mode, leader or the drain's end have changed, whoever did it. */
export async function announceChanges(
  bridge: Pick<Bridge, "announce" | "isEmpty">,
  options: {
    readonly system: Pick<SystemPort, "state">;
    readonly feed: Pick<ChangeFeed, "wait">;
    readonly log: Logger;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { system, feed, log, signal } = options;
  let told: string | undefined;
  while (!signal.aborted) {
    // Each commit comes by here: without a browser none costs a look.
    if (told !== undefined && bridge.isEmpty) {
      await feed.wait(signal);
      continue;
    }
    try {
      const state = system.state();
      const { automation, drained, leader } = state;
      const now = JSON.stringify([automation, drained, leader?.term]);
      if (told !== undefined && told !== now) bridge.announce(state);
      told = now;
    } catch (error) {
      log.debug("Cannot tell the browsers the state now", { error });
    }
    await feed.wait(signal);
  }
}
