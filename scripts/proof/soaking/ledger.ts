import { messageOf } from "../../../shared/errors.ts";

/** What was asked during a soak, how long it took, and what must be found afterwards. */
export class Ledger {
  readonly #times = new Map<string, number[]>();
  readonly #errors = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  /** Requests that were answered and stand in the audit trail. */
  readonly acknowledged = new Set<string>();
  /** Tasks that were acknowledged, with the status that each must end with. */
  readonly tasks = new Map<string, EndStatus>();

  /** Times a call that succeeds. */
  async time<T>(kind: string, action: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await action();
    const times = this.#times.get(kind) ?? [];
    times.push(performance.now() - started);
    this.#times.set(kind, times);
    return result;
  }

  /** Notes what was not expected, by where it was and what it says. */
  fail(where: string, error: unknown): void {
    const text = `${where}: ${messageOf(error)}`
      .replaceAll(/\b\w*_?[0-9a-f]{8}(-[0-9a-f]{4,}){2,}\b|\d+/g, "…")
      .slice(0, 400);
    this.#errors.set(text, (this.#errors.get(text) ?? 0) + 1);
  }

  /** Counts what is to have happened. */
  count(what: string): void {
    this.#counts.set(what, this.counted(what) + 1);
  }

  counted(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** Milliseconds of every call, by its kind. */
  get times(): ReadonlyMap<string, readonly number[]> {
    return this.#times;
  }

  /** How often each unexpected error came. */
  get errors(): ReadonlyMap<string, number> {
    return this.#errors;
  }
}

export type EndStatus = "succeeded" | "failed" | "canceled";
