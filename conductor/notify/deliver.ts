import type { Clock } from "../../shared/clock.ts";
import { printable } from "../../shared/printable.ts";

/** From the first byte sent to the head of the answer. */
export const ANSWER_MS = 10_000;

/**
 * Sends a message. Returns why it was not taken, or undefined when the receiver
 * answered with a status of 200 to 299: what else it says is not read. The reason
 * holds nothing that the receiver said, and nothing of its address.
 */
export async function deliver(
  url: URL,
  message: {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  },
  { clock, signal, fetch: send = fetch }: DeliverOptions,
): Promise<string | undefined> {
  const late = new AbortController();
  const timer = clock.after(ANSWER_MS, () => late.abort());
  try {
    const response = await send(url, {
      ...message,
      method: "POST",
      // Elsewhere is nobody who was meant.
      redirect: "manual",
      signal: AbortSignal.any([signal, late.signal]),
    });
    await response.body?.cancel().catch(() => {});
    return response.ok ? undefined : `the receiver answered ${response.status}`;
  } catch (error) {
    return late.signal.aborted
      ? `the receiver did not answer within ${ANSWER_MS / 1000} s`
      : reasonOf(error);
  } finally {
    timer.cancel();
  }
}

export interface DeliverOptions {
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Takes the place of the global one. */
  readonly fetch?: typeof fetch | undefined;
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return "this program may not reach it: run the installer again";
  }
  const cause = error instanceof Error ? error.cause : undefined;
  // What stands before that names the address.
  const [, reason] = cause instanceof Error
    ? /: (client error .*)$/s.exec(cause.message) ?? []
    : [];
  return `the receiver cannot be reached: ${printable(reason ?? "no request")}`;
}
