import { messageOf } from "../../shared/errors.ts";
import { sleep } from "../../shared/wait.ts";
import type { Approvals, AppServerHost } from "../app_server/mod.ts";
import type { SessionPorts } from "./session_ports.ts";
import type { TurnService } from "./turn_service.ts";

/** How often another login, and another binary, is looked for. */
const LOOK_MS = 5000;
const TIDY_MS = 60_000;
/** A turn of which nothing is heard for so long is interrupted. */
const SILENT_MS = 1_800_000;

/** Does what has to be done from time to time. */
export class Maintenance {
  readonly #ports: MaintenancePorts;
  readonly #stopping = new AbortController();

  constructor(ports: MaintenancePorts) {
    this.#ports = ports;
  }

  start(): void {
    void this.#every(LOOK_MS, () => this.#ports.host.look());
    void this.#every(TIDY_MS, () => this.tidy());
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Removes old events, lets go of idle sessions, interrupts silent turns. */
  async tidy(): Promise<void> {
    const { events, loader, turns, codex, host, log } = this.#ports;
    events.removeOld();
    if (codex.client !== undefined) {
      await host.login.refresh(codex.client).catch((error) =>
        log.warn("Cannot ask for the login", { reason: messageOf(error) })
      );
    }
    await this.#interruptSilent();
    const idle = loader.idle((it) => turns.activeIn(it) !== undefined);
    for (const sessionId of idle) {
      loader.forget(sessionId);
      await codex.client?.unsubscribe(sessionId);
    }
  }

  async #interruptSilent(): Promise<void> {
    const { approvals, turns, clock, log, turnService } = this.#ports;
    // A turn that waits for an answer is silent with good reason.
    if (approvals.items.length > 0) return;
    for (const { sessionId, turnId, heardAt } of turns.active) {
      if (clock.monotonic() - heardAt < SILENT_MS) continue;
      log.warn("Interrupting a turn of which nothing is heard", {
        session_id: sessionId,
        turn_id: turnId,
      });
      await turnService.interrupt(sessionId, turnId);
    }
  }

  async #every(ms: number, action: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#ports;
    const { signal } = this.#stopping;
    while (true) {
      await sleep(clock, ms, signal);
      if (signal.aborted) return;
      try {
        await action();
      } catch (error) {
        log.warn("Cannot do the maintenance", { reason: messageOf(error) });
      }
    }
  }
}

interface MaintenancePorts extends SessionPorts {
  readonly host: Pick<AppServerHost, "look" | "login">;
  readonly approvals: Pick<Approvals, "items">;
  readonly turnService: Pick<TurnService, "interrupt">;
}
