import type { Timer } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Approvals, AppServerHost } from "../app_server/mod.ts";
import type { SessionPorts } from "./session_ports.ts";
import type { TurnService } from "./turn_service.ts";

/** How often a login made elsewhere is looked for. */
const LOGIN_MS = 5000;
const TIDY_MS = 60_000;
/** A turn of which nothing is heard for so long is interrupted. */
const SILENT_MS = 1_800_000;

/** Does what has to be done from time to time. */
export class Maintenance {
  readonly #ports: MaintenancePorts;
  readonly #timers = new Set<Timer>();
  #stopped = false;

  constructor(ports: MaintenancePorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#every(LOGIN_MS, () => this.#ports.host.checkLogin());
    this.#every(TIDY_MS, () => this.tidy());
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  /** Removes old events, lets go of idle sessions, interrupts silent turns. */
  async tidy(): Promise<void> {
    const { events, loader, turns, codex } = this.#ports;
    events.removeOld();
    await this.#interruptSilent();
    for (
      const sessionId of loader.idle((it) => turns.activeIn(it) !== undefined)
    ) {
      loader.forget(sessionId);
      await codex.client?.unsubscribe(sessionId);
    }
  }

  async #interruptSilent(): Promise<void> {
    const { approvals, turns, clock, log, turnService } = this.#ports;
    // A turn that waits for an answer is silent with good reason.
    if (approvals.size > 0) return;
    for (const { sessionId, turnId, heardAt } of turns.active) {
      if (clock.monotonic() - heardAt < SILENT_MS) continue;
      log.warn("Interrupting a turn of which nothing is heard", {
        session_id: sessionId,
        turn_id: turnId,
      });
      await turnService.interrupt(sessionId, turnId);
    }
  }

  #every(ms: number, action: () => Promise<void>): void {
    const timer = this.#ports.clock.after(ms, async () => {
      this.#timers.delete(timer);
      try {
        await action();
      } catch (error) {
        const reason = messageOf(error);
        this.#ports.log.warn("Cannot do the maintenance", { reason });
      }
      if (!this.#stopped) this.#every(ms, action);
    });
    this.#timers.add(timer);
  }
}

interface MaintenancePorts extends SessionPorts {
  readonly host: Pick<AppServerHost, "checkLogin">;
  readonly approvals: Pick<Approvals, "size">;
  readonly turnService: Pick<TurnService, "interrupt">;
}
