import { type Clock, isoTime, type Timer } from "../../shared/clock.ts";
import type { LogSink } from "../../shared/log.ts";
import type { Redactor } from "../../shared/redact.ts";
import type { RpcMessage } from "../rpc/mod.ts";

/** Longer messages are logged by their size only. */
const MAX_LINE_CHARS = 131_072;
/** A burst of deltas is told at least this often. */
const BURST_MS = 1000;

/**
 * Writes what goes between codexd and the app-server, without secrets. Of
 * streamed text only the size is kept: a secret that comes in pieces could not
 * be recognised, and the item that completes holds the whole.
 */
export class TrafficLog {
  readonly #sink: LogSink;
  readonly #redactor: Redactor;
  readonly #clock: Clock;
  readonly #bursts = new Map<string, { count: number; chars: number }>();
  #timer: Timer | undefined;

  constructor(
    sink: LogSink,
    ports: { readonly redactor: Redactor; readonly clock: Clock },
  ) {
    this.#sink = sink;
    this.#redactor = ports.redactor;
    this.#clock = ports.clock;
  }

  /** Takes one line in either direction; `message` is undefined when it is none. */
  line(
    direction: "in" | "out",
    line: string,
    message: RpcMessage | undefined,
  ): void {
    if (message?.kind === "notification" && isDelta(message.method)) {
      return this.#count(message.method, line.length);
    }
    this.flush();
    if (message === undefined) {
      const text = this.#redactor.text(line.slice(0, 2000));
      return this.#write({ direction, unreadable: text, chars: line.length });
    }
    if (line.length > MAX_LINE_CHARS) {
      const { kind } = message;
      const method = "method" in message ? message.method : undefined;
      const id = "id" in message ? message.id : undefined;
      return this.#write({ direction, kind, method, id, chars: line.length });
    }
    const { kind, ...fields } = withoutAnswers(message, direction);
    this.#write({ direction, kind, ...this.#redactor.fields(fields) });
  }

  /** Notes how a life of the app-server began or ended. */
  note(text: string, fields: Readonly<Record<string, unknown>>): void {
    this.flush();
    this.#write({ note: text, ...this.#redactor.fields(fields) });
  }

  /** Writes down what a burst of deltas has come to. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const [method, { count, chars }] of this.#bursts) {
      this.#write({ direction: "in", method, count, chars });
    }
    this.#bursts.clear();
  }

  #count(method: string, chars: number): void {
    const burst = this.#bursts.get(method) ?? { count: 0, chars: 0 };
    burst.count++;
    burst.chars += chars;
    this.#bursts.set(method, burst);
    this.#timer ??= this.#clock.after(BURST_MS, () => this.flush());
  }

  #write(fields: Readonly<Record<string, unknown>>): void {
    const time = isoTime(this.#clock.now());
    this.#sink.write(JSON.stringify({ time, ...fields }), false);
  }
}

/** What a person answers to a question may be a secret, whatever its form. */
function withoutAnswers(message: RpcMessage, direction: "in" | "out") {
  if (direction === "in" || message.kind !== "result") return message;
  const result = message.result as { readonly answers?: unknown } | null;
  if (result?.answers === undefined) return message;
  return { ...message, result: { ...result, answers: "***" } };
}

function isDelta(method: string): boolean {
  return /delta$/i.test(method);
}
