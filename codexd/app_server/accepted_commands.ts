import { sha256Hex } from "../../shared/digest.ts";

/** Commands of a session that are remembered; the oldest is asked again. */
const MAX_COMMANDS = 256;

/**
 * Commands that a person has accepted for the rest of a session. Codex would
 * remember them itself, and would run them unasked after the session was
 * narrowed: so Codex is told of each one alone, and the memory is here.
 */
export class AcceptedCommands {
  readonly #bySession = new Map<string, Set<string>>();

  add(sessionId: string, command: unknown): void {
    const commands = this.#bySession.get(sessionId) ?? new Set();
    this.#bySession.set(sessionId, commands.add(keyOf(command)));
    const [oldest = ""] = commands;
    if (commands.size > MAX_COMMANDS) commands.delete(oldest);
  }

  has(sessionId: string, command: unknown): boolean {
    return this.#bySession.get(sessionId)?.has(keyOf(command)) ?? false;
  }

  /** A session's limits were asked anew: what was accepted before counts no more. */
  forget(sessionId: string): void {
    this.#bySession.delete(sessionId);
  }

  forgetAll(): void {
    this.#bySession.clear();
  }
}

/** A command may be long. */
function keyOf(command: unknown): string {
  return sha256Hex(JSON.stringify(command));
}
