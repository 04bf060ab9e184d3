import { isTooDeep } from "../../shared/nesting.ts";

/** Deeper JSON is no message: what copies or writes it would run out of stack. */
const MOST_NESTING = 512;

/** What names a call. Each side numbers its own: the same id may be in use by both. */
export type RpcId = string | number;

/** The failure of a call, as JSON-RPC 2.0 words it. */
export interface RpcFailure {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** One JSON-RPC message of the app-server's dialect: no `jsonrpc` field. */
export type RpcMessage =
  | {
    readonly kind: "request";
    readonly id: RpcId;
    readonly method: string;
    readonly params: unknown;
  }
  | {
    readonly kind: "notification";
    readonly method: string;
    readonly params: unknown;
  }
  | { readonly kind: "result"; readonly id: RpcId; readonly result: unknown }
  | { readonly kind: "error"; readonly id: RpcId; readonly error: RpcFailure };

export type RpcRequest = Extract<RpcMessage, { kind: "request" }>;
export type RpcNotification = Extract<RpcMessage, { kind: "notification" }>;

/** Returns the message on a line, or undefined when there is none to be read. */
export function parseMessage(line: string): RpcMessage | undefined {
  if (isTooDeep(line, MOST_NESTING)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { method, id, params, result, error } = value as Record<
    string,
    unknown
  >;
  if (typeof method === "string") {
    if (id === undefined) return { kind: "notification", method, params };
    return isId(id) ? { kind: "request", id, method, params } : undefined;
  }
  if (!isId(id)) return undefined;
  if (error !== undefined) {
    return { kind: "error", id, error: failureOf(error) };
  }
  return "result" in value ? { kind: "result", id, result } : undefined;
}

/**
 * Returns the line that carries a message, without its line break. Half of a
 * surrogate pair becomes U+FFFD: a strict reader drops a line that has one, and
 * the call would never be answered.
 */
export function formatMessage(message: RpcMessage): string {
  const { kind: _, ...fields } = message;
  return JSON.stringify(
    fields,
    (_, value) => typeof value === "string" ? value.toWellFormed() : value,
  );
}

function isId(value: unknown): value is RpcId {
  return typeof value === "string" || Number.isFinite(value);
}

function failureOf(value: unknown): RpcFailure {
  const { code, message, data } = (value ?? {}) as Record<string, unknown>;
  return {
    code: typeof code === "number" ? code : 0,
    message: typeof message === "string" ? message : JSON.stringify(value),
    ...(data !== undefined && { data }),
  };
}
