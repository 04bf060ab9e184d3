import type { AuditedCaller } from "../../../shared/audit.ts";
import { AppError } from "../../../shared/errors.ts";

/** Waits for a promise to fail with an `AppError`; returns that. */
export async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error("It did not fail");
}

/** A signal that never aborts. */
export const NEVER: AbortSignal = new AbortController().signal;

/** Somebody who asks over HTTP, and stays. */
export const CALLER: AuditedCaller = {
  actor: { name: "owner", source: "http", request_id: "req_1" },
  signal: NEVER,
};
