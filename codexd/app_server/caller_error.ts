import { AppError, invalidInput, messageOf } from "../../shared/errors.ts";
import { METHOD_NOT_FOUND, RpcBusy, RpcError, RpcTimeout } from "../rpc/mod.ts";

// Nearly every refusal has code -32600, so it is the message that tells them apart.
const NOT_FOUND =
  /^(thread not found|thread not loaded|no rollout found|invalid (session|thread) id)/i;
const CONFLICT =
  /already has an active writer|no active turn|expected active turn id|not steerable|cannot steer|ephemeral threads? do(es)? not support/i;
const BAD_CURSOR = /^invalid cursor/i;
const TOO_LARGE = /exceeds the maximum length/i;
const OVERLOADED = -32001;

/** Returns what a caller is told when a call to the app-server failed. */
export function callerError(error: unknown): Error {
  if (error instanceof AppError) return error;
  const reason = messageOf(error);
  if (error instanceof RpcTimeout) {
    const message = `Cannot wait for Codex: ${reason}`;
    return new AppError("UPSTREAM_TIMEOUT", message, { cause: error });
  }
  if (error instanceof RpcError) return refusal(error, reason);
  if (error instanceof RpcBusy) return busy(error);
  if (error instanceof ProtocolError) {
    const options = { cause: error, retryable: false };
    return new AppError("UPSTREAM_FAILED", reason, options);
  }
  return new AppError("CODEXD_UNAVAILABLE", `Cannot reach Codex: ${reason}`, {
    cause: error,
    details: { reason },
    hint: "GET /v1/codexd/status says what is missing and what to do.",
  });
}

/** The app-server answered, but not in a form that is known. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** Whether the app-server has answered, or should have: it is not gone. */
export function isRefusal(error: unknown): boolean {
  const cause = error instanceof AppError ? error.cause : undefined;
  return cause instanceof RpcError || cause instanceof RpcTimeout;
}

/** Whether the app-server does not know a thread (any more). */
export function isUnknownThread(error: unknown): boolean {
  return NOT_FOUND.test(refusalIn(error)?.message ?? "");
}

/** Whether a thread has no turns to be listed: it never had one, or it is ephemeral. */
export function hasNoHistory(error: unknown): boolean {
  return /not materialized|not support/i.test(refusalIn(error)?.message ?? "");
}

/** Whether the app-server has no such method: the real one calls it a variant. */
export function isUnknownMethod(error: unknown): boolean {
  const refusal = refusalIn(error);
  return refusal?.code === METHOD_NOT_FOUND ||
    /unknown variant/i.test(refusal?.message ?? "");
}

/** What the app-server itself said, behind what a caller is told. */
function refusalIn(error: unknown): RpcError | undefined {
  const cause = error instanceof AppError ? error.cause : undefined;
  return cause instanceof RpcError ? cause : undefined;
}

function refusalOf(path: string, cause: Error): AppError {
  const message = `Cannot accept the ${path}`;
  return invalidInput(path, cause.message, { message, cause });
}

function busy(cause: Error): AppError {
  return new AppError(
    "TOO_MANY_REQUESTS",
    "Cannot answer: Codex has too much to do",
    { cause, headers: { "retry-after": "1" } },
  );
}

function refusal(error: RpcError, reason: string): AppError {
  const options = { cause: error, details: { codex: reason } };
  if (NOT_FOUND.test(reason)) {
    return new AppError("NOT_FOUND", "Cannot find the session", {
      ...options,
      hint: "Take the session_id of one that GET /v1/codexd/sessions lists.",
    });
  }
  if (/is archived/.test(reason)) {
    return new AppError("CONFLICT", "Cannot use the session: it is archived", {
      ...options,
      hint:
        'Fetch it back: POST /v1/codexd/sessions {"session_id":"…","archived":false}.',
    });
  }
  if (CONFLICT.test(reason)) {
    return new AppError("CONFLICT", `Cannot do this: ${reason}`, options);
  }
  if (error.code === OVERLOADED) return busy(error);
  if (TOO_LARGE.test(reason)) return refusalOf("input", error);
  if (BAD_CURSOR.test(reason)) return refusalOf("cursor", error);
  return new AppError("UPSTREAM_FAILED", `Codex refused: ${reason}`, {
    cause: error,
    // It understood, and would say the same again.
    retryable: false,
    details: { codex: reason, rpc_code: error.code, method: error.method },
  });
}
